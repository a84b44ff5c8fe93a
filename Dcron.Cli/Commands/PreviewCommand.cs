using System.CommandLine;
using System.Globalization;
using Dcron.Cli.Api;
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
        var command = new ExampleCommand("preview", "Show what a schedule means and when it fires next; creates nothing.",
            "dcron preview '0 2 * * *' --timezone Europe/Lisbon", "dcron preview @hourly --count 3")
        {
            time, timezone, count,
        };
        return tree.On(command, (context, cancel) =>
        {
            var zone = context.Get(timezone) is { } given ? $"&timezone={Uri.EscapeDataString(given)}" : "";
            var path = string.Create(CultureInfo.InvariantCulture, $"schedule/preview?time={Uri.EscapeDataString(context.Get(time))}{zone}&count={context.Get(count)}");
            return context.AnswerAsync(Call.Get(path), ApiJson.Default.PreviewBody, preview =>
            {
                context.Printer.Line(preview.Description ?? context.Get(time));
                for (var i = 0; i < preview.FireTimes.Count; i++)
                {
                    var local = zone.Length > 0 && i < preview.LocalTimes.Count ? $"   {preview.LocalTimes[i]}" : "";
                    context.Printer.Line($"  {Shown.Time(preview.FireTimes[i])}{local}");
                }
            }, cancel);
        });
    }
}
