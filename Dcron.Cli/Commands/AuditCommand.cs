using System.CommandLine;
using System.Text;
using System.Text.Json;
using Dcron.Cli.Api;
using Dcron.Cli.Input;
using Dcron.Cli.Output;

namespace Dcron.Cli.Commands;

/// <summary><c>dcron audit</c>: who changed what.</summary>
internal static class AuditCommand
{
    private const int PageLimit = 500;

    public static Command Create(CommandTree tree)
    {
        var limit = new Option<int>("--limit") { Description = "How many at most.", HelpName = "N", DefaultValueFactory = _ => 50, CustomParser = Parsers.Whole(1, 1_000_000) };
        var all = new Option<bool>("--all") { Description = "All of them, however many." };
        var target = new Option<string?>("--target") { Description = "Only what was done to this: job:ID, key:ID, secret:NAMESPACE/NAME, worker:ID.", HelpName = "KIND:ID" };
        var actor = new Option<string?>("--actor") { Description = "Only what this key or person did: an id or a name.", HelpName = "WHO" };
        var action = new Option<string?>("--action") { Description = "Only this, such as update_job.", HelpName = "CALL" };
        var from = new Option<DateTimeOffset?>("--from") { Description = $"From here on: {Instants.Forms}.", HelpName = "INSTANT", CustomParser = Parsers.Instant(tree.Time) };
        var to = new Option<DateTimeOffset?>("--to") { Description = "Before this instant.", HelpName = "INSTANT", CustomParser = Parsers.Instant(tree.Time) };
        var command = new ExampleCommand("audit", "Show who changed what, newest first. Takes an admin's key.",
            "dcron audit --target job:01k8x2m4qzb7c9d3f5g1",
            "dcron audit --from '1d ago' --json")
        {
            limit, all, target, actor, action, from, to,
        };
        return tree.On(command, (context, cancel) =>
        {
            var query = new StringBuilder(context.NamespaceQuery('&'));
            foreach (var (name, value) in new[] { ("target", context.Get(target)), ("actor", context.Get(actor)), ("action", context.Get(action)) })
            {
                if (value is not null)
                    query.Append('&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
            }

            if (context.Get(from) is { } begin)
                query.Append("&from=").Append(Instants.ToWire(begin));
            if (context.Get(to) is { } end)
                query.Append("&to=").Append(Instants.ToWire(end));
            var pages = new Pages(context.Api, "audit", query.ToString(), PageLimit, context.Get(all) ? null : context.Get(limit));
            return context.PagesAsync(pages, ApiJson.Default.ListAuditBody, TableOf, "records", cancel);
        });
    }

    private static Table TableOf(IReadOnlyList<AuditBody> records)
    {
        var table = new Table("TIME", "WHO", "FROM", "ACTION", "TARGET", "OUTCOME", "CHANGES");
        foreach (var record in records)
            table.Add(Shown.Time(record.At), $"{record.Actor} ({record.ActorId})", record.Address, record.Action, record.Target, Outcome(record.Outcome), Changes(record));
        return table;
    }

    private static Table.Cell Outcome(string outcome) => outcome switch
    {
        "done" => new(outcome, Tone.Good),
        "refused" => new(outcome, Tone.Faint),
        _ => new(outcome, Tone.Bad),
    };

    /// <summary>The fields that differ; the whole is to be had with --json.</summary>
    private static string Changes(AuditBody record)
    {
        if (record is not { Before: { ValueKind: JsonValueKind.Object } before, After: { ValueKind: JsonValueKind.Object } after })
            return Shown.Nothing;

        var changed = after.EnumerateObject()
            .Where(field => !before.TryGetProperty(field.Name, out var old) || !JsonElement.DeepEquals(old, field.Value))
            .Select(field => $"{field.Name}: {Short(before.TryGetProperty(field.Name, out var old) ? old : null)} → {Short(field.Value)}");
        return string.Join("; ", changed) is { Length: > 0 } text ? text : Shown.Nothing;
    }

    private static string Short(JsonElement? value) =>
        value is not { } some ? "nothing" : some.GetRawText() is { Length: <= 40 } text ? text : some.GetRawText()[..40] + "…";
}
