using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Dcron.Cli.Api;
using Dcron.Cli.Input;
using Dcron.Cli.Output;

namespace Dcron.Cli.Commands;

/// <summary><c>dcron job backfill</c> and <c>dcron job backfills</c>: fire times of the past, run after the fact.</summary>
internal static class BackfillCommand
{
    private const int ShownFireTimes = 10;

    public static Command Create(CommandTree tree)
    {
        var job = JobCommand.JobArgument();
        var from = Instant(tree, "--from", $"Fire times from here on: {Instants.Forms}.");
        var to = Instant(tree, "--to", "Fire times before this instant; default: now.");
        var concurrent = new Option<int>("--max-concurrent")
        {
            Description = "How many may run at once, 1 to 10; above 1 only with the overlap policy allow.",
            HelpName = "N",
            DefaultValueFactory = _ => 1,
            CustomParser = Parsers.Whole(1, 10),
        };
        var yes = new Option<bool>("--yes") { Description = "Begin. Without it, what would run is shown, and nothing is begun." };
        var key = new Option<string?>("--idempotency-key") { Description = "A repeat with the same key answers the first backfill instead of beginning another.", HelpName = "KEY" };
        var end = new Option<int?>("--cancel") { Description = "Launch nothing more of the backfill with this number.", HelpName = "NUMBER" };
        var command = new ExampleCommand("backfill", "Run the fire times of a past period, but those that succeeded. Shows what it would do; --yes begins.",
            "dcron job backfill nightly --from 2026-03-01 --to 2026-03-08",
            "dcron job backfill nightly --from '3d ago' --yes",
            "dcron job backfill nightly --cancel 1")
        {
            job, from, to, concurrent, yes, key, end,
        };
        return tree.On(command, (context, cancel) =>
        {
            if (context.Get(end) is { } number)
            {
                return JobCommand.WithJobAsync(context, context.Get(job), id => context.AnswerAsync(Call.Post($"jobs/{id}/backfills/{number}/cancel"), ApiJson.Default.BackfillBody,
                    backfill => context.Printer.Line(FormattableString.Invariant($"Backfill {backfill.Number} is cancelled; what runs of it ends by itself.")), cancel), cancel);
            }

            if (context.Get(from) is not { } begin)
                return Task.FromResult(context.Misused("From when on? Give --from, and --to if it is not now."));

            var asked = new JsonObject
            {
                ["from"] = Instants.ToWire(begin),
                ["to"] = Instants.ToWire(context.Get(to) ?? tree.Time.GetUtcNow()),
                ["max_concurrent"] = context.Get(concurrent),
                ["dry_run"] = !context.Get(yes),
            };
            return JobCommand.WithJobAsync(context, context.Get(job), id =>
            {
                var call = Call.Post($"jobs/{id}/backfill", () => new StringContent(asked.ToJsonString(), Encoding.UTF8, "application/json")) with { IdempotencyKey = context.Get(key) };
                return context.AnswerAsync(call, ApiJson.Default.BackfillPlanBody, plan => Show(context, plan), cancel);
            }, cancel);
        });
    }

    public static Command List(CommandTree tree)
    {
        var job = JobCommand.JobArgument();
        return tree.On(new ExampleCommand("backfills", "Show a job's backfills: those that go on and the latest that ended.", "dcron job backfills nightly") { job }, (context, cancel) =>
            JobCommand.WithJobAsync(context, context.Get(job), id => context.AnswerAsync(Call.Get($"jobs/{id}/backfills"), ApiJson.Default.ListBackfillBody, backfills =>
            {
                var table = new Table("NUMBER", "STATE", "FROM", "TO", "DECIDED UP TO", "LAUNCHED", "LEFT OUT", "ENDED");
                foreach (var b in backfills)
                {
                    table.Add(Text(b.Number), b.State, Shown.Time(b.From), Shown.Time(b.To), Shown.Time(b.DecidedUpTo), Text(b.Launched), Text(b.LeftOutCount), Shown.Time(b.EndedAt));
                }

                context.Printer.Table(table);
            }, cancel), cancel));
    }

    private static void Show(CommandContext context, BackfillPlanBody plan)
    {
        var left = plan.LeftOut.Count > 0 ? $"; {Text(plan.LeftOut.Count)} left out, since they succeeded or are under way" : "";
        context.Printer.Line(plan.Backfill is { } begun
            ? $"Backfill {Text(begun.Number)} begins: {Text(plan.Total)} fire times{left}. Its executions end in .b{Text(begun.Number)}."
            : $"{Text(plan.Total)} fire times would run{left}.");
        foreach (var time in plan.FireTimes.Take(ShownFireTimes))
            context.Printer.Line($"  {Shown.Time(time)}");
        if (plan.Total > ShownFireTimes)
            context.Printer.Line($"  … {Text(plan.Total - ShownFireTimes)} more, up to {Shown.Time(plan.FireTimes[^1])}");
        if (plan.Backfill is null && plan.Total > 0)
            context.Printer.Note("Nothing was begun; the same with --yes begins it.");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static Option<DateTimeOffset?> Instant(CommandTree tree, string name, string description) => new(name)
    {
        Description = description,
        HelpName = "INSTANT",
        CustomParser = Parsers.Instant(tree.Time),
    };
}
