using Dcron.Cli.Input;

namespace Dcron.Tests.Cli;

public class NearNamesTests
{
    [Theory]
    [InlineData("nigthly", "nightly")]
    [InlineData("Nightly", "nightly")]
    [InlineData("backup", "backup-db")]
    [InlineData("reprot", "report")]
    public void A_slip_finds_what_was_meant(string wanted, string meant) =>
        Assert.Equal(meant, NearNames.Of(wanted, ["nightly", "backup-db", "report", "weekly-invoices"])[0]);

    [Fact]
    public void What_is_far_from_everything_finds_nothing() => Assert.Empty(NearNames.Of("zzzzzz", ["nightly", "report"]));

    [Fact]
    public void Three_are_enough() => Assert.Equal(3, NearNames.Of("job", ["job1", "job2", "job3", "job4"]).Count);
}
