using Dcron.Grains.Access;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Storage.Documents;
using Dcron.Tests.Storage.Documents.CouchDb;
using Dcron.Tests.Storage.Documents.Sqlite;

namespace Dcron.Tests.History;

public sealed class SqliteExecutionPagesTests : ExecutionPagesContract
{
    private readonly SqliteFixture _sqlite = new();

    protected override ValueTask<IDocumentStore> OpenAsync() => new(_sqlite.Open());

    protected override ValueTask CloseAsync() => _sqlite.DisposeAsync();
}

public sealed class CouchExecutionPagesTests : ExecutionPagesContract
{
    private CouchFixture? _couch;

    protected override async ValueTask<IDocumentStore> OpenAsync() => (_couch = await CouchFixture.OnAsync(CouchServer.SingleAsync())).Open();

    protected override ValueTask CloseAsync() => _couch?.DisposeAsync() ?? default;
}

/// <summary>Pages of executions hold each once, newest first, whatever is asked for, and none looks through more than its share.</summary>
public abstract class ExecutionPagesContract : IAsyncLifetime
{
    private const int Count = 240;
    private static readonly DateTimeOffset Last = new(2026, 11, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly string?[] Places = [null, "red", "blue", null, "green"];
    private static readonly ExecutionResult[] Results =
        [ExecutionResult.Succeeded, ExecutionResult.Succeeded, ExecutionResult.Failed, ExecutionResult.Succeeded, ExecutionResult.Running, ExecutionResult.Skipped, ExecutionResult.Succeeded];

    private static readonly List<JobId> Jobs = [.. Places.Select((_, i) => JobId.New(Last.AddDays(-100 + i)))];

    private IDocumentStore _documents = null!;
    private ExecutionHistory _history = null!;
    private List<ExecutionDocument> _all = null!;

    protected abstract ValueTask<IDocumentStore> OpenAsync();

    protected abstract ValueTask CloseAsync();

    public async Task InitializeAsync()
    {
        _documents = await OpenAsync();
        _history = new ExecutionHistory(_documents);

        // Every half hour, two at each time, over the end of a month; each job in a namespace of its own.
        _all = [.. Enumerable.Range(0, Count).Select(i => Execution(i % Jobs.Count, Last.AddMinutes(-30 * (i / 2)), Results[i % Results.Length]))];
        await _history.CreateManyAsync(_all);
    }

    public async Task DisposeAsync() => await CloseAsync();

    public static TheoryData<string, string?> Questions()
    {
        var questions = new TheoryData<string, string?>();
        foreach (var places in (string[])["*", "default", "red", "red,blue", "blue,red,green", "default,green", "nowhere", ""])
        {
            foreach (var result in (string?[])[null, "Succeeded", "Failed", "Skipped", "Running", "Cancelled", "Queued"])
            {
                questions.Add(places, result);
            }
        }

        return questions;
    }

    [SkippableFact]
    public async Task Every_question_is_answered_page_by_page()
    {
        foreach (var row in Questions())
        {
            var (places, word) = ((string)row[0], (string?)row[1]);
            var names = places == "*" ? null : places.Split(',', StringSplitOptions.RemoveEmptyEntries);
            var result = word is null ? (ExecutionResult?)null : Enum.Parse<ExecutionResult>(word);
            foreach (var (from, to) in ((DateTimeOffset?, DateTimeOffset?)[])[(null, null), (Last.AddDays(-2), Last.AddHours(-5))])
            {
                var expected = _all.Where(execution => (names is null || names.Contains(Namespaces.FromStored(execution.Namespace)))
                    && (result is null || execution.ExecutionResult == result) && !(execution.ExecutionDate < from) && !(execution.ExecutionDate >= to)).ToList();

                var pages = await PagesAsync(_history, new GetJobExecutions(null, result, from, to, 7, null, names));

                var found = pages.SelectMany(page => page.Executions).ToList();
                Assert.Equal(expected.Select(execution => execution.ExecutionId.ToString()).Order(), found.Select(execution => execution.ExecutionId.ToString()).Order());
                Assert.Equal(found.Select(execution => execution.ExecutionDate).OrderDescending(), found.Select(execution => execution.ExecutionDate));
                Assert.All(pages.SkipLast(1), page => Assert.Equal(7, page.Executions.Count));
                Assert.All(pages, page => Assert.Null(page.LookedBackTo));
            }
        }
    }

    [SkippableFact]
    public async Task A_job_has_its_own_whatever_the_namespaces()
    {
        foreach (var result in (ExecutionResult?[])[null, ExecutionResult.Failed, ExecutionResult.Running])
        {
            var pages = await PagesAsync(_history, new GetJobExecutions(Jobs[1], result, Limit: 5, Namespaces: ["blue"]));

            Assert.Equal(
                _all.Where(execution => execution.JobId == Jobs[1] && (result is null || execution.ExecutionResult == result)).Select(execution => execution.ExecutionId.ToString()).Order(),
                pages.SelectMany(page => page.Executions).Select(execution => execution.ExecutionId.ToString()).Order());
        }
    }

    [SkippableTheory]
    [InlineData("default", null)]
    [InlineData("red", ExecutionResult.Cancelled)]
    [InlineData("blue,green", ExecutionResult.Cancelled)]
    [InlineData("*", ExecutionResult.Lost)]
    public async Task A_long_history_is_looked_through_a_part_at_a_time(string places, ExecutionResult? result)
    {
        var names = places == "*" ? null : places.Split(',');
        var history = new ExecutionHistory(_documents) { MostLookedThrough = 20 };
        var found = new List<ExecutionDocument>();
        var (times, cursor) = (new List<DateTimeOffset>(), (string?)null);
        do
        {
            var page = await history.PageAsync(new GetJobExecutions(null, result, Limit: 3, Cursor: cursor, Namespaces: names));
            found.AddRange(page.Executions);
            times.AddRange(page.LookedBackTo is { } time ? [time] : []);
            cursor = page.Next;
            Assert.True(page.LookedBackTo is null || cursor is not null);
        }
        while (cursor is not null);

        Assert.Equal(
            _all.Where(execution => (names is null || names.Contains(Namespaces.FromStored(execution.Namespace))) && (result is null || execution.ExecutionResult == result))
                .Select(execution => execution.ExecutionId.ToString()).Order(),
            found.Select(execution => execution.ExecutionId.ToString()).Order());
        Assert.InRange(times.Count, 2, Count);
        Assert.Equal(times.OrderDescending(), times);
    }

    [SkippableFact]
    public async Task The_ends_of_time_are_times()
    {
        foreach (var result in (ExecutionResult?[])[null, ExecutionResult.Failed, ExecutionResult.Running])
        {
            Assert.Empty((await _history.PageAsync(new GetJobExecutions(null, result, To: DateTimeOffset.MinValue))).Executions);
            Assert.Empty((await _history.PageAsync(new GetJobExecutions(null, result, From: DateTimeOffset.MaxValue))).Executions);
            Assert.NotEmpty((await _history.PageAsync(new GetJobExecutions(null, result, DateTimeOffset.MinValue, DateTimeOffset.MaxValue))).Executions);
        }
    }

    [SkippableFact]
    public async Task A_cursor_of_another_question_is_refused()
    {
        var page = await _history.PageAsync(new GetJobExecutions(null, Limit: 1));

        await Assert.ThrowsAnyAsync<FormatException>(async () => await _history.PageAsync(new GetJobExecutions(null, ExecutionResult.Running, Limit: 1, Cursor: page.Next)));
        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await _history.PageAsync(
            new GetJobExecutions(null, Limit: 1, Cursor: (await _history.PageAsync(new GetJobExecutions(null, ExecutionResult.Running, Limit: 1))).Next)));
    }

    private static async Task<IReadOnlyList<ExecutionPage>> PagesAsync(ExecutionHistory history, GetJobExecutions query)
    {
        var pages = new List<ExecutionPage>();
        do
        {
            pages.Add(await history.PageAsync(query with { Cursor = pages.LastOrDefault()?.Next }));
            Assert.InRange(pages.Count, 1, Count);
        }
        while (pages[^1].Next is not null);
        return pages;
    }

    private static ExecutionDocument Execution(int job, DateTimeOffset time, ExecutionResult result) => new()
    {
        ExecutionId = ExecutionId.Scheduled(Jobs[job], time),
        JobId = Jobs[job],
        ExecutionDate = time,
        ExecutionResult = result,
        OpenOn = result == ExecutionResult.Running ? "127.0.0.1:11111@1" : null,
        Namespace = Places[job],
    };
}
