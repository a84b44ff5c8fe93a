using System.CommandLine;
using System.Globalization;
using System.Text;
using Dcron.Cli.Api;
using Dcron.Cli.Input;
using Dcron.Cli.Output;

namespace Dcron.Cli.Commands;

/// <summary><c>dcron verify</c>: what should have run, held against what did.</summary>
internal static class VerifyCommand
{
    public static Command Create(CommandTree tree)
    {
        var from = new Option<DateTimeOffset?>("--from")
        {
            Description = $"Fire times from here on: {Instants.Forms}.",
            HelpName = "INSTANT",
            Required = true,
            CustomParser = Parsers.Instant(tree.Time),
        };
        var to = new Option<DateTimeOffset?>("--to")
        {
            Description = "Fire times before this instant; default now.",
            HelpName = "INSTANT",
            CustomParser = Parsers.Instant(tree.Time),
        };
        var job = new Option<string?>("--job") { Description = "Only this job: its id or unique name; a deleted one by its id.", HelpName = "JOB" };
        var late = new Option<int>("--late-ms")
        {
            Description = "From how many milliseconds after it was due a start is late.",
            HelpName = "N",
            DefaultValueFactory = _ => 1000,
            CustomParser = Parsers.Whole(0, 86_400_000),
        };
        var limit = new Option<int>("--limit")
        {
            Description = "How many findings of each kind to show; all are counted.",
            HelpName = "N",
            DefaultValueFactory = _ => 20,
            CustomParser = Parsers.Whole(0, 1000),
        };
        var command = new ExampleCommand("verify",
            "Check that every fire time of a period has one execution or a recorded reason, and that nothing ran twice. Ends with status 1 if not.",
            "dcron verify --from '7d ago'", "dcron verify --from 2026-03-01 --to 2026-04-01 --job nightly --json")
        {
            from, to, job, late, limit,
        };
        return tree.On(command, (context, cancel) =>
        {
            var query = new StringBuilder().Append("verify?from=").Append(Instants.ToWire(context.Get(from)!.Value))
                .Append("&to=").Append(Instants.ToWire(context.Get(to) ?? tree.Time.GetUtcNow()))
                .Append(CultureInfo.InvariantCulture, $"&late_milliseconds={context.Get(late)}&limit={context.Get(limit)}");
            return context.Get(job) is { } named && !LooksLikeId(named)
                ? JobCommand.WithJobAsync(context, named, id => AskAsync(context, $"{query}&job_id={id}", cancel), cancel)
                : AskAsync(context, context.Get(job) is { } given ? $"{query}&job_id={given}" : query.ToString(), cancel);
        });
    }

    // A deleted job can't be looked up any more, but its id still says which one is meant.
    private static bool LooksLikeId(string text) => text.Length == 20 && char.IsBetween(text[0], '0', '7') && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c));

    private static async Task<int> AskAsync(CommandContext context, string path, CancellationToken cancel)
    {
        switch (await context.Api.SendAsync(Call.Get(path), cancel))
        {
            case Answer.Ok ok:
                var ledger = CommandContext.Read(ok.Body, ApiJson.Default.LedgerBody);
                if (context.Json)
                    context.Printer.Json(ok.Body);
                else
                    Show(context.Printer, ledger);
                return ledger.Ok ? ExitCodes.Succeeded : ExitCodes.Failed;
            case var failure:
                return context.Fail(failure);
        }
    }

    private static void Show(Printer printer, LedgerBody ledger)
    {
        printer.Line(string.Create(CultureInfo.InvariantCulture,
            $"{ledger.Due} fire times of {ledger.Jobs} jobs: {ledger.Executed} executed, {ledger.PassedOver} passed over with a reason, {ledger.Open} queued or running, {ledger.MissingCount} missing."));
        printer.Line(string.Create(CultureInfo.InvariantCulture,
            $"{ledger.Starts} recorded starts; {ledger.FurtherAttempts} further attempts, {ledger.Others} manual runs and backfills; {ledger.DoubleCount} double, {ledger.LateCount} late, {ledger.UnexplainedCount} unexplained."));
        if (ledger.Pending > 0 || ledger.Expired > 0)
            printer.Line(string.Create(CultureInfo.InvariantCulture, $"{ledger.Pending} just being decided, {ledger.Expired} beyond retention."));
        List(printer, "Missing", ledger.MissingCount, ledger.Missing);
        List(printer, "Double", ledger.DoubleCount, ledger.Double);
        List(printer, "Unexplained", ledger.UnexplainedCount, ledger.Unexplained);
        List(printer, "Late", ledger.LateCount, ledger.Late);
        List(printer, "Start not recorded", ledger.UnwitnessedCount, ledger.Unwitnessed);
        List(printer, "Passed over", ledger.PassedCount, ledger.Passed);
    }

    private static void List(Printer printer, string kind, long count, IReadOnlyList<FindingBody> first)
    {
        if (count == 0)
            return;

        printer.Line($"{kind}:");
        foreach (var finding in first)
            printer.Line($"  {finding.ExecutionId}  {finding.Reason}");
        if (count > first.Count)
            printer.Line(string.Create(CultureInfo.InvariantCulture, $"  … and {count - first.Count} more"));
    }
}
