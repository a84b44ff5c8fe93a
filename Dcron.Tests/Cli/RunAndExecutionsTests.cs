namespace Dcron.Tests.Cli;

public class RunAndExecutionsTests
{
    private const string Id = "01k9nightly000000000";
    private const string Run = $"{Id}@20260329T010000Z.m1";
    private const string RunPath = $"GET executions/{Id}%4020260329T010000Z.m1";

    [Fact]
    public async Task A_run_answers_its_execution_at_once()
    {
        var server = Running();

        var run = await CliRun.Of(server, "job", "run", Id, "--idempotency-key", "release-42");

        Assert.Equal((0, Run + "\n"), (run.Code, run.Out));
        Assert.Equal("release-42", server.Calls[^1].Headers["Idempotency-Key"]);
    }

    [Fact]
    public async Task Waiting_ends_with_0_only_when_the_run_succeeded()
    {
        var server = Running()
            .On(RunPath, 200, Execution("queued", "")).On(RunPath, 200, Execution("running", ""))
            .On(RunPath, 200, Execution("succeeded", ""","started_at":"2026-03-29T01:00:00Z","finished_at":"2026-03-29T01:00:02Z","exit_status":0"""));

        var run = await CliRun.Of(server, "job", "run", Id, "--wait");

        Assert.Equal((0, $"{Run} succeeded after 2.0 s.\n"), (run.Code, run.Out));
    }

    [Theory]
    [InlineData("failed", ""","exit_status":3,"started_at":"2026-03-29T01:00:00Z","reason":"The script exited with status 3." """, "failed with exit status 3.")]
    [InlineData("failed", ""","reason":"The script is not there any more." """, "failed (The script is not there any more).")]
    [InlineData("failed", ""","exit_status":3,"reason":"The script exited with status 3. The disk is full." """, "failed with exit status 3 (The script exited with status 3. The disk is full).")]
    [InlineData("failed", ""","signal":"SIGSEGV","reason":"The script was ended by SIGSEGV." """, "failed: ended by SIGSEGV.")]
    [InlineData("timed_out", "", "timed out.")]
    [InlineData("lost", ""","reason":"its node went away." """, "is lost (its node went away).")]
    public async Task Waiting_for_a_run_that_did_not_succeed_ends_with_1_and_says_why(string result, string more, string said)
    {
        var run = await CliRun.Of(Running().On(RunPath, 200, Execution(result, more)), "job", "run", Id, "--wait");

        Assert.Equal((1, $"{Run} {said}\n"), (run.Code, run.Out));
        Assert.Contains($"'dcron logs {Run}' shows its output.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Executions_show_how_late_they_began()
    {
        var server = new FakeServer().On($"GET jobs/{Id}", 200, "{}").On(
            $"GET jobs/{Id}/executions?limit=20&result=succeeded&from=2026-03-29T00:00:00Z", 200,
            $$"""[{"execution_id":"{{Id}}@20260329T010000Z","execution_date":"2026-03-29T01:00:00Z","execution_result":"succeeded","exit_status":0,"started_at":"2026-03-29T01:00:00.012Z","finished_at":"2026-03-29T01:00:01.512Z","log_bytes":3,"worker_id":"w","attempt":1,"trigger":"schedule"},{"execution_id":"{{Id}}@20260329T005900Z.a2","execution_date":"2026-03-29T00:59:00Z","due_at":"2026-03-29T01:00:00Z","execution_result":"succeeded","exit_status":0,"started_at":"2026-03-29T01:00:00.003Z","attempt":2,"trigger":"retry"}]""");

        var run = await CliRun.Of(server, "executions", Id, "--result", "succeeded", "--from", "2026-03-29");

        Assert.Equal($"""
            EXECUTION                                 FIRE TIME             TRIGGER            RESULT     EXIT  LAG    TOOK   LOG  WORKER  REASON
            {Id}@20260329T010000Z     2026-03-29 01:00:00Z  schedule           succeeded  0     12 ms  1.5 s  3 B  w       -
            {Id}@20260329T005900Z.a2  2026-03-29 00:59:00Z  retry (attempt 2)  succeeded  0     3 ms   -      -    -       -

            """.ReplaceLineEndings("\n"), run.Out);
    }

    private static FakeServer Running() => new FakeServer()
        .On($"GET jobs/{Id}", 200, "{}")
        .On($"POST jobs/{Id}/run", 202, $$"""{"execution_id":"{{Run}}","job_id":"{{Id}}"}""");

    private static string Execution(string result, string more) =>
        $$"""{"execution_id":"{{Run}}","execution_date":"2026-03-29T01:00:00Z","execution_result":"{{result}}"{{more}}}""";
}
