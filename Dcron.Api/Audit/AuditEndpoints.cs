using Dcron.Api.Access;
using Dcron.Api.Json;
using Dcron.Api.OpenApi;
using Dcron.Api.Problems;
using Dcron.Api.Requests;

namespace Dcron.Api.Audit;

/// <summary>Who changed what, and when.</summary>
internal static class AuditEndpoints
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/audit", ListAsync).WithTags("Audit")
            .Describe("ListAudit", "Who changed what, newest first", Role.Admin, Reach.Filtered)
            .WithQuery(ApiParameters.AuditFilters).Answers<IReadOnlyList<AuditView>>(200).Problems(400);

    private static async Task<IResult> ListAsync(HttpContext context, AuditStore store)
    {
        var reader = new QueryReader(context.Request, "limit", "cursor", "namespace", "target", "actor", "action", "from", "to");
        var query = new AuditQuery(
            reader.Int("limit", 1, 500, 100), reader.Text("namespace"), reader.Text("target"), reader.Text("actor"), reader.Text("action"),
            reader.Time("from"), reader.Time("to"), Caller.ScopeOf(context.User), reader.Text("cursor"));
        if (query.From >= query.To)
            reader.Errors.Add("to", "must be after from");
        if (reader.Errors.Any)
            return Problem.Invalid(reader.Errors);

        try
        {
            var (records, next) = await store.PageAsync(query, context.RequestAborted);
            NextLink.Add(context, next);
            return Answer.Json(records, ApiJson.Shared.IReadOnlyListAuditView);
        }
        catch (FormatException) when (query.Cursor is not null)
        {
            return Problem.MalformedCursor();
        }
    }
}
