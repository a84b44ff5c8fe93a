using Dcron.Cli.Output;

namespace Dcron.Tests.Cli;

public class TableTests
{
    [Fact]
    public void A_pipe_gets_columns_without_lines_and_nothing_cut_off()
    {
        var table = new Table("JOB", "NAME", "NEXT");
        table.Add("1", "a rather long name that no width may cut", "-");
        table.Add("22", "x\x1b[31m", "soon");

        Assert.Equal("""
            JOB  NAME                                      NEXT
            1    a rather long name that no width may cut  -
            22   x\x1b[31m                                 soon

            """.ReplaceLineEndings("\n"), table.ToText());
    }

    [Theory]
    [InlineData(0, "0 ms")]
    [InlineData(12, "12 ms")]
    [InlineData(1_500, "1.5 s")]
    [InlineData(61_000, "1m 01s")]
    [InlineData(1_800_000, "30m")]
    [InlineData(3_660_000, "1h 01m")]
    [InlineData(90_000_000, "1d 01h")]
    [InlineData(-40, "-40 ms")]
    public void Spans_are_short(double milliseconds, string shown) => Assert.Equal(shown, Shown.Duration(TimeSpan.FromMilliseconds(milliseconds)));
}
