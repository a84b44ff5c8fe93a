using System.Text.Json;
using System.Text.Json.Nodes;
using Dcron.Api.Access;
using Dcron.Api.Audit;
using Dcron.Api.Console.Pages;
using Dcron.Api.Console.Reading;

namespace Dcron.Api.Console.Managing;

/// <summary>What somebody changed, for people.</summary>
/// <param name="Link">The page of what was changed; null where it has none.</param>
/// <param name="IsNew">There was nothing before, or nothing is said of it.</param>
/// <param name="Changes">Field by field, what it was and what was asked for.</param>
public sealed record AuditRow(
    string AuditId, DateTimeOffset At, string Action, string Target, string? Link, string? Namespace, string Actor, string ActorId, string Address, string Outcome, bool IsNew, IReadOnlyList<FieldChange> Changes);

/// <param name="Error">What is wrong with the filter.</param>
public sealed record AuditModel(
    IReadOnlyList<AuditRow> Rows, string? Target, string? Actor, string? Action, string? Namespace, string? From, string? To, string? Error, string? Next, bool IsFirst)
{
    public bool IsFiltered => (Target ?? Actor ?? Action ?? Namespace ?? From ?? To) is not null;
}

/// <summary>Who changed what, when and from where.</summary>
internal static class AuditPages
{
    private const int PageSize = 50;

    public static void Map(IEndpointRouteBuilder app) => ConsolePages.Page(app, "/audit", Role.Admin, ShowAsync, Reach.Filtered);

    private static async Task<IResult> ShowAsync(HttpContext context, AuditStore store)
    {
        var zone = Viewer.Of(context).Zone;
        string? Text(string name) => ConsolePages.Text(context, name);
        var (from, to) = (ConsolePages.TimeOf(Text("from"), zone), ConsolePages.TimeOf(Text("to"), zone));
        var model = new AuditModel([], Text("target"), Text("actor"), Text("action"), Text("namespace"), Text("from"), Text("to"), ConsolePages.WhyNotPeriod(Text("from"), Text("to"), zone), null, Text("cursor") is null);
        if (model.Error is null)
        {
            try
            {
                var query = new AuditQuery(PageSize, model.Namespace, model.Target, model.Actor, model.Action, from, to, Caller.ScopeOf(context.User), Text("cursor"));
                var (records, next) = await store.PageAsync(query, context.RequestAborted);
                model = model with { Rows = [.. records.Select(RowOf)], Next = next };
            }
            catch (FormatException) when (!model.IsFirst)
            {
                return ConsolePage.SeeOther("/audit");
            }
        }

        return ConsolePage.Of<AuditPage>(context, new { Model = model });
    }

    internal static AuditRow RowOf(AuditView record) => new(
        record.AuditId, record.At, record.Action, record.Target, LinkOf(record.Target), record.Namespace, record.Actor, record.ActorId, record.Address, record.Outcome,
        record.Before is null, ChangesOf(record.Before, record.After));

    private static string? LinkOf(string target)
    {
        var (kind, id) = target.IndexOf(':') is > 0 and var colon ? (target[..colon], target[(colon + 1)..]) : (target, "");
        return kind switch
        {
            "job" when id.Length > 0 => $"/jobs/{id}",
            "execution" when id.Length > 0 => $"/executions/{Uri.EscapeDataString(id)}",
            "key" => "/keys",
            "secret" => "/secrets",
            "worker" => $"/workers#{id}",
            _ => null,
        };
    }

    private static IReadOnlyList<FieldChange> ChangesOf(JsonElement? before, JsonElement? after)
    {
        var (old, young) = (Fields(before), Fields(after));
        return [.. old.Keys.Union(young.Keys).Select(field => new FieldChange(field, old.GetValueOrDefault(field) ?? "", young.GetValueOrDefault(field) ?? "")).Where(change => change.Before != change.After)];
    }

    private static Dictionary<string, string> Fields(JsonElement? element) =>
        element is { ValueKind: JsonValueKind.Object } some ? some.EnumerateObject().ToDictionary(field => field.Name, field => JobReader.Text(JsonNode.Parse(field.Value.GetRawText()))) : [];
}
