using Dcron.Api.Access;
using Dcron.Api.Json;
using Dcron.Api.OpenApi;
using Dcron.Api.Problems;
using Dcron.Api.Requests;
using Dcron.Grains.Jobs;
using Dcron.Grains.Ledger;

namespace Dcron.Api.Ledger;

/// <summary>The ledger: what should have run, held against what did.</summary>
internal static class LedgerEndpoints
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/verify", VerifyAsync).WithTags("Schedule")
            .Describe("Verify", "Hold a period's fire times, executions and recorded starts against each other", Role.Viewer, Reach.Filtered)
            .WithQuery(ApiParameters.Verify).Answers<LedgerView>(200).Problems(400, 422);

    private static async Task<IResult> VerifyAsync(HttpContext context, LedgerVerifier ledger, JobNamespaces jobs, CancellationToken cancellationToken)
    {
        var query = new QueryReader(context.Request, "from", "to", "job_id", "late_milliseconds", "limit");
        var (from, to, job) = (query.Time("from"), query.Time("to"), query.Text("job_id"));
        var (late, limit) = (query.Int("late_milliseconds", 0, 86_400_000, 1000), query.Int("limit", 0, 1000, 20));
        Require(query, "from", from);
        Require(query, "to", to);
        if (from >= to)
            query.Errors.Add("to", "must be later than from");
        JobId jobId = default;
        if (job is not null && !JobId.TryParse(job, out jobId))
            query.Errors.AddMalformed("job_id", "must be a job id: letters and digits as CREATE JOB answered them");
        if (query.Errors.Any)
            return Problem.Invalid(query.Errors);

        var scope = Caller.ScopeOf(context.User);
        if (job is not null && !scope.IsAll && (await jobs.FindAsync(jobId, cancellationToken) is not { } name || !scope.Allows(name)))
            return Problem.NoSuchJob(job);

        var asked = new LedgerQuery(from!.Value, to!.Value, job is null ? null : jobId) { LateAfter = TimeSpan.FromMilliseconds(late), Limit = limit, Namespaces = scope.Names };
        var report = await ledger.VerifyAsync(asked, cancellationToken);
        return Answer.Json(LedgerView.Of(report), ApiJson.Shared.LedgerView);
    }

    private static void Require(QueryReader query, string name, DateTimeOffset? time)
    {
        if (time is null && query.Text(name) is null)
            query.Errors.AddMalformed(name, "is required: " + Rfc3339.Advice);
    }
}
