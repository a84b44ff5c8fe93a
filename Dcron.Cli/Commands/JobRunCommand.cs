using System.CommandLine;
using Dcron.Cli.Api;
using Dcron.Cli.Output;

namespace Dcron.Cli.Commands;

/// <summary><c>dcron job run</c>.</summary>
internal static class JobRunCommand
{
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    public static Command Create(CommandTree tree)
    {
        var job = JobCommand.JobArgument();
        var wait = new Option<bool>("--wait")
        {
            Description = "Wait for the end; exit code 0 only if the run succeeded, else 1 (the script's own exit status is shown).",
        };
        var key = new Option<string?>("--idempotency-key")
        {
            Description = "A repeat with the same key answers the first run instead of starting another.",
            HelpName = "KEY",
        };
        var command = new ExampleCommand("run", "Run a job now, whatever its schedule says, also when it is paused.",
            "dcron job run nightly", "dcron job run nightly --wait && echo done", "dcron job run migrate --idempotency-key release-42")
        {
            job, wait, key,
        };
        return tree.On(command, (context, cancel) => JobCommand.WithJobAsync(context, context.Get(job), async id =>
        {
            var answer = await context.Api.SendAsync(Call.Post($"jobs/{id}/run") with { IdempotencyKey = context.Get(key) }, cancel);
            if (answer is not Answer.Ok ok)
                return context.Fail(answer);
            var executionId = CommandContext.Read(ok.Body, ApiJson.Default.StartedBody).ExecutionId;
            if (context.Get(wait))
                return await WaitAsync(context, executionId, cancel);

            if (context.Json)
                context.Printer.Json(ok.Body);
            else
                context.Printer.Line(executionId);
            return ExitCodes.Succeeded;
        }, cancel));
    }

    private static async Task<int> WaitAsync(CommandContext context, string executionId, CancellationToken cancel)
    {
        var (answer, execution) = await context.Printer.BehindLineAsync($"{executionId} is queued", line => FinalAsync(context, executionId, line, cancel));
        if (execution is null)
            return context.Fail(answer);

        if (context.Json)
        {
            context.Printer.Json(((Answer.Ok)answer).Body);
        }
        else
        {
            context.Printer.Line($"{executionId} {ExecutionView.Outcome(execution)}.");
            if (execution.ExecutionResult != "succeeded")
                context.Printer.Note($"'dcron logs {executionId}' shows its output.");
        }

        return execution.ExecutionResult == "succeeded" ? ExitCodes.Succeeded : ExitCodes.Failed;
    }

    private static async Task<(Answer Answer, ExecutionBody? Execution)> FinalAsync(
        CommandContext context, string executionId, Action<string> line, CancellationToken cancel)
    {
        var call = Call.Get($"executions/{Uri.EscapeDataString(executionId)}");
        for (var pause = FirstLook; ; pause = pause * 1.5 < LongestPause ? pause * 1.5 : LongestPause)
        {
            var answer = await context.Api.SendAsync(call, cancel);
            if (answer is not Answer.Ok ok)
                return (answer, null);

            var execution = CommandContext.Read(ok.Body, ApiJson.Default.ExecutionBody);
            if (execution.IsFinal)
                return (ok, execution);

            line(ExecutionView.Progress(execution, context.Shell.Time.GetUtcNow()));
            await Task.Delay(pause, context.Shell.Time, cancel);
        }
    }
}
