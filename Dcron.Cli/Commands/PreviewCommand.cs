using System.CommandLine;
using System.Globalization;
using Dcron.Cli.Api;
using Dcron.Cli.Input;
using Dcron.Cli.Output;

namespace Dcron.Cli.Commands;

/// <summary><c>dcron preview</c>: a schedule in words, and when it fires.</summary>
internal static class PreviewCommand
{
    public static Command Create(CommandTree tree)
    {
        var time = new Argument<string>("CRON") { Description = "Cron expression of 5 fields, 6 with seconds first, or a macro such as @daily." };
        var timezone = new Option<string?>("--timezone") { Description = "IANA time zone; default UTC.", HelpName = "ZONE" };
        var count = new Option<int>("--count")
        {
            Description = "How many fire times.",
            HelpName = "N",
            DefaultValueFactory = _ => 5,
            CustomParser = Parsers.Whole(1, 100),
        };
        var from = new Option<DateTimeOffset?>("--from") { Description = "Fire times after this instant; default now.", HelpName = "INSTANT", CustomParser = Parsers.Instant(tree.Time) };
        var (gap, overlap) = (PolicyOptions.GapOption(), PolicyOptions.OverlapOption());
        var command = new ExampleCommand("preview", "Show what a schedule means and when it fires next; creates nothing.",
            "dcron preview '0 2 * * *' --timezone Europe/Lisbon", "dcron preview @hourly --count 3",
            "dcron preview '30 1 * * *' --timezone Europe/Lisbon --dst-gap skip --dst-overlap both")
        {
            time, timezone, count, from, gap, overlap,
        };
        return tree.On(command, (context, cancel) =>
        {
            var zone = context.Get(timezone) is { } given ? $"&timezone={Uri.EscapeDataString(given)}" : "";
            var path = string.Create(CultureInfo.InvariantCulture, $"schedule/preview?time={Uri.EscapeDataString(context.Get(time))}{zone}&count={context.Get(count)}")
                + (context.Get(from) is { } start ? $"&from={Instants.ToWire(start)}" : "")
                + (context.Get(gap) is { } shift ? $"&dst_gap={shift}" : "")
                + (context.Get(overlap) is { } twice ? $"&dst_overlap={twice}" : "");
            return context.AnswerAsync(Call.Get(path), ApiJson.Default.PreviewBody, preview =>
            {
                context.Printer.Line(preview.Description ?? context.Get(time));
                for (var i = 0; i < preview.FireTimes.Count; i++)
                {
                    var local = zone.Length > 0 && i < preview.LocalTimes.Count ? $"   {preview.LocalTimes[i]}" : "";
                    context.Printer.Line($"  {Shown.Time(preview.FireTimes[i])}{local}");
                }

                foreach (var change in preview.ClockChanges)
                {
                    context.Printer.Line(FormattableString.Invariant($"clocks go {change.Direction} {change.Minutes} min at {Shown.Time(change.At)}; around it:"));
                    foreach (var nearby in change.FireTimesNearby)
                        context.Printer.Line($"  {nearby}");
                    if (change.FireTimesNearby.Count == 0)
                        context.Printer.Line("  nothing fires");
                    if (change.More)
                        context.Printer.Line("  …");
                }
            }, cancel);
        });
    }
}
