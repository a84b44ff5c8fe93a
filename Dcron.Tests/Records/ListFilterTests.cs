using Dcron.Grains.Jobs;

namespace Dcron.Tests.Records;

public sealed class ListFilterTests
{
    private static readonly string Text = ListFilter.Of(new JobSpec
    {
        Time = "* * * * *",
        ScriptType = "python",
        ScriptLocation = "s3://dcron/x",
        Name = "Nightly Backup",
        Labels = new Dictionary<string, string> { ["team"] = "data", ["tier"] = "gold" },
    });

    [Theory]
    [InlineData(null, null, null, true)]
    [InlineData("backup", null, null, true)]
    [InlineData("BACK", true, "team=data", true)]
    [InlineData("data", null, null, false)]
    [InlineData(null, false, null, false)]
    [InlineData(null, null, "tier", true)]
    [InlineData(null, null, "tie", false)]
    [InlineData(null, null, "team=dat", false)]
    [InlineData(null, null, "tier=silver", false)]
    public void Name_state_and_labels_decide(string? name, bool? enabled, string? label, bool matches) =>
        Assert.Equal(matches, ListFilter.Matches(Text, name, enabled, label));

    [Theory]
    [InlineData(null, null, true)]
    [InlineData(null, "default", true)]
    [InlineData(null, "payments", false)]
    [InlineData("payments", "payments", true)]
    [InlineData("payments", "default", false)]
    [InlineData("payments", "payment", false)]
    public void A_job_is_in_its_namespace_only(string? stored, string? asked, bool matches)
    {
        var text = ListFilter.Of(new JobSpec { Time = "@daily", ScriptType = "python", ScriptLocation = "s3://dcron/x", Name = "payments", Namespace = stored, Enabled = false });

        Assert.Equal(matches, ListFilter.Matches(text, "payments", false, null, asked is null ? null : [asked]));
        Assert.False(ListFilter.Matches(text, null, true, null, asked is null ? null : [asked]));
    }
}
