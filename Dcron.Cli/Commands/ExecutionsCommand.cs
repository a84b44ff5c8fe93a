using System.CommandLine;
using System.Text;
using Dcron.Cli.Api;
using Dcron.Cli.Input;
using Dcron.Cli.Output;

namespace Dcron.Cli.Commands;

/// <summary><c>dcron executions</c>: what ran, and what did not and why.</summary>
internal static class ExecutionsCommand
{
    private const int PageLimit = 500;
    private static readonly string[] Results = ["queued", "running", "succeeded", "failed", "timed_out", "cancelled", "lost", "skipped", "missed"];

    public static Command Create(CommandTree tree)
    {
        var of = new Argument<string?>("JOB")
        {
            Description = "A job's id or unique name: its executions, newest first. An execution's id: that one in full. Nothing: those of all jobs.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var limit = new Option<int>("--limit")
        {
            Description = "How many at most.",
            HelpName = "N",
            DefaultValueFactory = _ => 20,
            CustomParser = Parsers.Whole(1, 1_000_000),
        };
        var all = new Option<bool>("--all") { Description = "All of them, however many." };
        var result = new Option<string?>("--result") { Description = "Only executions with this result.", HelpName = string.Join('|', Results) };
        result.AcceptOnlyFromAmong(Results);
        var from = new Option<DateTimeOffset?>("--from")
        {
            Description = $"Fire times from here on: {Instants.Forms}.",
            HelpName = "INSTANT",
            CustomParser = Parsers.Instant(tree.Time),
        };
        var to = new Option<DateTimeOffset?>("--to")
        {
            Description = "Fire times before this instant.",
            HelpName = "INSTANT",
            CustomParser = Parsers.Instant(tree.Time),
        };
        var command = new ExampleCommand("executions", "Show executions: fire time, result, exit status, lag behind the fire time.",
            "dcron executions nightly",
            "dcron executions nightly --result failed --from '2d ago'",
            "dcron executions --limit 100 --json")
        {
            of, limit, all, result, from, to,
        };
        return tree.On(command, async (context, cancel) =>
        {
            if (context.Get(of) is { } id && TextKinds.IsExecutionId(id))
            {
                return await context.AnswerAsync(Call.Get($"executions/{Uri.EscapeDataString(id)}"), ApiJson.Default.ExecutionBody,
                    execution => context.Printer.Fields(ExecutionView.Fields(execution)), cancel);
            }

            var query = new StringBuilder();
            if (context.Get(result) is { } wanted)
                query.Append("&result=").Append(wanted);
            if (context.Get(from) is { } begin)
                query.Append("&from=").Append(Instants.ToWire(begin));
            if (context.Get(to) is { } end)
                query.Append("&to=").Append(Instants.ToWire(end));

            Task<int> ShowAsync(string path, string more = "") => context.PagesAsync(
                new Pages(context.Api, path, query + more, PageLimit, context.Get(all) ? null : context.Get(limit)),
                ApiJson.Default.ListExecutionBody, ExecutionView.List, "executions", cancel);

            return context.Get(of) is { } job
                ? await JobCommand.WithJobAsync(context, job, jobId => ShowAsync($"jobs/{jobId}/executions"), cancel)
                : await ShowAsync("executions", context.NamespaceQuery('&'));
        });
    }
}
