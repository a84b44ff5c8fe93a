namespace Dcron.Tests.Model;

/// <summary>The launch protocol, searched whole: every order of steps of two silos, two workers, a store and their clients.</summary>
public sealed class LaunchModelTests
{
    private const string NoFaults = "INSTANTS=1 CRASHES=0 LOSSES=0 REPEATS=0 CALLS=0 RETENTIONS=0";
    private const string ACrash = "INSTANTS=1 CRASHES=1 LOSSES=0 REPEATS=0 CALLS=0 RETENTIONS=0";

    [SkippableTheory]
    [InlineData("INSTANTS=1 CRASHES=1 LOSSES=0 REPEATS=0 CALLS=0 RETENTIONS=1", 1e6)]
    [InlineData("INSTANTS=1 CRASHES=0 LOSSES=1 REPEATS=1 CALLS=0 RETENTIONS=1", 1e6)]
    [InlineData("INSTANTS=1 CRASHES=0 LOSSES=0 REPEATS=1 CALLS=1 RETENTIONS=1", 5e5)]
    [InlineData("INSTANTS=2 CRASHES=1 LOSSES=0 REPEATS=0 CALLS=0 RETENTIONS=0 ALONE", 1e5)]
    [InlineData("INSTANTS=2 CRASHES=0 LOSSES=1 REPEATS=0 CALLS=1 RETENTIONS=0 ALONE", 1e5)]
    public async Task Each_fire_time_starts_at_most_once_and_is_accounted_for_in_the_end(string budgets, double fewestStates)
    {
        var search = await ProtocolModel.SearchAsync("launch.pml", budgets);

        Assert.True(search is { Errors: 0, IsComplete: true }, $"{search}");
        Assert.True(search.States > fewestStates, $"so few states can't be all of them: {search}");
    }

    /// <summary>A model that no mistake makes fail would prove nothing.</summary>
    [SkippableTheory]
    [InlineData("NO_CLAIM", NoFaults, "starts[")]
    [InlineData("GO_ON_AFTER_CONFLICT", NoFaults, "everOwed")]
    [InlineData("FORGET_OWED", ACrash, "settled[")]
    [InlineData("FORGET_BEFORE_RECORD", NoFaults, "settled[")]
    [InlineData("MARK_BEFORE_SAVE", ACrash, "settled[")]
    [InlineData("START_FROM_SPOOL", ACrash, "starts[")]
    [InlineData("NO_FENCE", ACrash, "process>>")]
    [InlineData("NO_LEASE", ACrash, "process>>")]
    [InlineData("NO_REVISION", ACrash, "doc[")]
    [InlineData("START_WITHOUT_ANSWER", "INSTANTS=1 CRASHES=0 LOSSES=1 REPEATS=0 CALLS=0 RETENTIONS=0", "starts[")]
    [InlineData("NO_HORIZON", "INSTANTS=1 CRASHES=0 LOSSES=0 REPEATS=1 CALLS=0 RETENTIONS=1", "starts[")]
    public async Task A_protocol_without_one_of_its_rules_breaks_a_promise(string mutant, string budgets, string broken)
    {
        var search = await ProtocolModel.SearchAsync("launch.pml", $"{budgets} MUTANT_{mutant}");

        Assert.True(search.Errors > 0, $"{mutant} was not noticed: {search}");
        Assert.Contains(broken, search.Violated, StringComparison.Ordinal);
    }
}
