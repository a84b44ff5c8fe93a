namespace Dcron.Tests.Model;

/// <summary>Runs with an idempotency key and backfills, searched whole: every order of steps of two silos that have the same job, and of clients that ask again.</summary>
public sealed class RequestModelTests
{
    [SkippableTheory]
    [InlineData("ASKS=2 FILLS=0 CRASHES=1 LOSSES=1 DELETES=1", 1e5)]
    [InlineData("ASKS=0 FILLS=2 CRASHES=1 LOSSES=1 DELETES=1", 1e6)]
    [InlineData("ASKS=1 FILLS=1 CRASHES=0 LOSSES=1 DELETES=0", 1e6)]
    public async Task What_was_asked_for_comes_once_however_often_it_was_asked(string budgets, double fewestStates)
    {
        var search = await ProtocolModel.SearchAsync("requests.pml", budgets);

        Assert.True(search is { Errors: 0, IsComplete: true }, $"{search}");
        Assert.True(search.States > fewestStates, $"so few states can't be all of them: {search}");
    }

    /// <summary>A model that no mistake makes fail would prove nothing.</summary>
    [SkippableTheory]
    [InlineData("FORGET_KEY", "ASKS=2 FILLS=0 CRASHES=0 LOSSES=0 DELETES=0", "answer==result")]
    [InlineData("ANSWER_BEFORE_SAVE", "ASKS=1 FILLS=0 CRASHES=0 LOSSES=1 DELETES=0", "doc[answer]")]
    [InlineData("PROMISE_OF_DELETED", "ASKS=1 FILLS=0 CRASHES=0 LOSSES=0 DELETES=1", "doc[answer]")]
    [InlineData("FORGET_MARK", "ASKS=0 FILLS=1 CRASHES=0 LOSSES=0 DELETES=0", "everOwed")]
    [InlineData("FORGET_FILLS", "ASKS=0 FILLS=1 CRASHES=1 LOSSES=0 DELETES=0", "promised")]
    public async Task Requests_without_one_of_their_rules_break_a_promise(string mutant, string budgets, string broken)
    {
        var search = await ProtocolModel.SearchAsync("requests.pml", $"{budgets} MUTANT_{mutant}");

        Assert.True(search.Errors > 0, $"{mutant} was not noticed: {search}");
        Assert.Contains(broken, search.Violated, StringComparison.Ordinal);
    }
}
