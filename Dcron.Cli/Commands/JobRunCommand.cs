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
        var (wait, key) = (WaitOption(), KeyOption());
        var command = new ExampleCommand("run", "Run a job now, whatever its schedule says, also when it is paused.",
            "dcron job run nightly", "dcron job run nightly --wait && echo done", "dcron job run migrate --idempotency-key release-42")
        {
            job, wait, key,
        };
        return tree.On(command, (context, cancel) => JobCommand.WithJobAsync(context, context.Get(job), id =>
            StartAsync(context, Call.Post($"jobs/{id}/run") with { IdempotencyKey = context.Get(key) }, context.Get(wait), cancel), cancel));
    }

    /// <summary><c>dcron rerun</c>.</summary>
    public static Command CreateRerun(CommandTree tree)
    {
        var execution = new Argument<string>("EXECUTION") { Description = "An execution's id, as 'dcron executions' shows it." };
        var (wait, key) = (WaitOption(), KeyOption());
        var command = new ExampleCommand("rerun", "Run exactly the same again: the script's bytes, arguments and environment of one execution.",
            "dcron rerun 01m84gb4vdwm28p0ctef@20261124T020000Z", "dcron rerun 01m84gb4vdwm28p0ctef@20261124T020000Z --wait")
        {
            execution, wait, key,
        };
        return tree.On(command, (context, cancel) => StartAsync(
            context, Call.Post($"executions/{Uri.EscapeDataString(context.Get(execution))}/rerun") with { IdempotencyKey = context.Get(key) }, context.Get(wait), cancel));
    }

    private static async Task<int> StartAsync(CommandContext context, Call call, bool wait, CancellationToken cancel)
    {
        var answer = await context.Api.SendAsync(call, cancel);
        if (answer is not Answer.Ok ok)
            return context.Fail(answer);
        var executionId = CommandContext.Read(ok.Body, ApiJson.Default.StartedBody).ExecutionId;
        if (wait)
            return await WaitAsync(context, executionId, cancel);

        if (context.Json)
            context.Printer.Json(ok.Body);
        else
            context.Printer.Line(executionId);
        return ExitCodes.Succeeded;
    }

    private static Option<bool> WaitOption() => new("--wait")
    {
        Description = "Wait for the end; exit code 0 only if the run succeeded, else 1 (the script's own exit status is shown).",
    };

    private static Option<string?> KeyOption() => new("--idempotency-key")
    {
        Description = "A repeat with the same key answers the first run instead of starting another.",
        HelpName = "KEY",
    };

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
