using System.CommandLine;
using Dcron.Cli.Api;
using Dcron.Cli.Input;
using Dcron.Cli.Output;

namespace Dcron.Cli.Commands;

/// <summary><c>dcron logs</c>: what a script printed.</summary>
internal static class LogsCommand
{
    private const int LatestOf = 50;

    public static Command Create(CommandTree tree)
    {
        var of = new Argument<string>("EXECUTION") { Description = "An execution's id, or a job: then its latest execution that ran." };
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on as it grows, to its end; also waits for a queued execution to begin." };
        var raw = new Option<bool>("--raw")
        {
            Description = "Byte for byte also on a terminal. Without it a terminal gets colours, but no other escape sequence of the script.",
        };
        var link = new Option<bool>("--link") { Description = "Print a URL instead, from which anybody can read the whole log for 15 minutes; needs an S3 store." };
        var command = new ExampleCommand("logs", "Show what a script printed.",
            "dcron logs nightly", "dcron logs 01m84gb4vdwm28p0ctef@20261124T020000Z --follow", "dcron logs nightly > nightly.log")
        {
            of, follow, raw, link,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(link) && (result.GetValue(follow) || result.GetValue(raw)))
                result.AddError("--link shows no log, so it goes neither with --follow nor with --raw.");
        });
        return tree.On(command, async (context, cancel) =>
        {
            var text = context.Get(of);
            return TextKinds.IsExecutionId(text)
                ? await GoOnAsync(context, text, cancel)
                : await JobCommand.WithJobAsync(context, text, async jobId =>
                {
                    var (execution, refused) = await LatestAsync(context, jobId, context.Get(follow), cancel);
                    return execution is null ? refused : await GoOnAsync(context, execution, cancel);
                }, cancel);
        });

        Task<int> GoOnAsync(CommandContext context, string execution, CancellationToken cancel) => context.Get(link)
            ? context.AnswerAsync(Call.Get($"executions/{Uri.EscapeDataString(execution)}/log/link"), ApiJson.Default.LogLinkBody, body => context.Printer.Line(body.Url), cancel)
            : ShowAsync(context, execution, context.Get(follow), context.Get(raw), cancel);
    }

    private static async Task<(string? ExecutionId, int Refused)> LatestAsync(CommandContext context, string jobId, bool follow, CancellationToken cancel)
    {
        var answer = await context.Api.SendAsync(Call.Get($"jobs/{jobId}/executions?limit={LatestOf}"), cancel);
        if (answer is not Answer.Ok ok)
            return (null, context.Fail(answer));

        var latest = CommandContext.Read(ok.Body, ApiJson.Default.ListExecutionBody)
            .FirstOrDefault(e => e.StartedAt is not null || e.ExecutionResult == "running" || (follow && e.ExecutionResult == "queued"));
        if (latest is not null)
            return (latest.ExecutionId, ExitCodes.Succeeded);

        context.Printer.Note($"No execution of this job has run lately; 'dcron executions {jobId}' shows what became of its fire times.");
        return (null, ExitCodes.Failed);
    }

    private static async Task<int> ShowAsync(CommandContext context, string executionId, bool follow, bool raw, CancellationToken cancel)
    {
        var filter = context.Shell.OutputIsTerminal && !raw ? new TerminalLogFilter() : null;
        var reader = new LogReader(context.Api, executionId, context.Shell.Time,
            bytes => context.Printer.Bytes(filter is null ? bytes.Span : filter.Filter(bytes.Span)), exact: filter is null);
        try
        {
            if (!follow)
                return await reader.ReadAsync(cancel) is { } broken ? context.Fail(broken) : ExitCodes.Succeeded;

            var (ended, failure) = await reader.FollowAsync(cancel);
            if (failure is not null)
                return context.Fail(failure);
            if (ended is not null && context.Shell.ErrorIsTerminal)
                context.Printer.Note($"{executionId} {ExecutionView.Outcome(ended)}.");
            return ExitCodes.Succeeded;
        }
        finally
        {
            if (filter is not null)
                context.Printer.Bytes(filter.Finish());
        }
    }
}
