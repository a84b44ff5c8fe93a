using System.Text.Json;
using Dcron.Api.Access;
using Dcron.Api.Audit;
using Dcron.Api.Idempotency;
using Dcron.Api.Json;
using Dcron.Api.OpenApi;
using Dcron.Api.Problems;
using Dcron.Api.Requests;
using Dcron.Grains.Jobs;

namespace Dcron.Api.Jobs;

/// <summary>Fire times of the past, run after the fact.</summary>
internal static class BackfillEndpoints
{
    private const string Json = "application/json";
    private static readonly string[] Known = ["from", "to", "max_concurrent", "dry_run"];

    public static void Map(IEndpointRouteBuilder api)
    {
        var jobs = api.MapGroup("/jobs/{job_id}").WithTags("Jobs");
        jobs.MapPost("/backfill", BeginAsync).Describe("BackfillJob", "Run the fire times of a period after the fact, but those that succeeded", Role.Operator)
            .TakesBody<BackfillRequestView>(Json).Answers<BackfillPlanView>(202).Answers<BackfillPlanView>(200).Problems(400, 404, 413, 415, 422);
        jobs.MapGet("/backfills", ListAsync).Describe("ListBackfills", "Backfills of a job that go on, and the latest that ended, oldest first", Role.Viewer)
            .Answers<IReadOnlyList<BackfillView>>(200).Problems(404);
        jobs.MapPost("/backfills/{number}/cancel", CancelAsync).Describe("CancelBackfill", "Launch nothing more of a backfill; what runs of it ends by itself", Role.Operator)
            .Answers<BackfillView>(200).Problems(404, 409);
    }

    private static async Task<IResult> BeginAsync(HttpContext context, string job_id, IGrainFactory grains)
    {
        if (!JobId.TryParse(job_id, out var id) || await grains.GetGrain<IJobGrain>(id.Value).Get() is not JobAnswer.Found { Job: var job })
            return Problem.NoSuchJob(job_id);

        var body = await JsonBody.ReadAsync(context.Request, Json);
        if (body is JsonBody.Refused refused)
            return refused.Problem;

        var errors = new FieldErrors();
        var asked = Read(((JsonBody.Read)body).Object, errors);
        if (errors.Any)
            return Problem.Invalid(errors);

        await AuditTrail.Of(context).BeginAsync(AuditTarget.Job(id, job.Spec.InNamespace), null, BackfillRequestView.Of(asked), ApiJson.Shared.BackfillRequestView);
        switch (await grains.GetGrain<IJobGrain>(id.Value).Backfill(asked, IdempotentRequest.Of(context)?.KeyHash))
        {
            case BackfillAnswer.Planned planned:
                var status = asked.DryRun ? StatusCodes.Status200OK : StatusCodes.Status202Accepted;
                return Answer.Json(BackfillPlanView.Of(planned), ApiJson.Shared.BackfillPlanView, status);
            case BackfillAnswer.Refused { Problems: var problems }:
                foreach (var problem in problems)
                    errors.Add(problem.Field, problem.Message);
                return Problem.Invalid(errors);
            case BackfillAnswer.Unknown:
                return Problem.NoSuchJob(job_id);
            case var other:
                throw new System.Diagnostics.UnreachableException($"{other}");
        }
    }

    private static async Task<IResult> ListAsync(string job_id, IGrainFactory grains) =>
        JobId.TryParse(job_id, out var id) && await grains.GetGrain<IJobGrain>(id.Value).Get() is JobAnswer.Found { Job: var job }
            ? Answer.Json<IReadOnlyList<BackfillView>>([.. (job.Backfills ?? []).Select(BackfillView.Of)], ApiJson.Shared.IReadOnlyListBackfillView)
            : Problem.NoSuchJob(job_id);

    private static async Task<IResult> CancelAsync(HttpContext context, string job_id, string number, IGrainFactory grains)
    {
        if (!JobId.TryParse(job_id, out var id) || await grains.GetGrain<IJobGrain>(id.Value).Get() is not JobAnswer.Found { Job: var job })
            return Problem.NoSuchJob(job_id);
        if (!int.TryParse(number, out var which) || which < 1 || which > job.BackfillCount)
            return Problem.NotFound($"Job {job_id} has no backfill {number}.");

        await AuditTrail.Of(context).BeginAsync(AuditTarget.Job(id, job.Spec.InNamespace));
        return await grains.GetGrain<IJobGrain>(id.Value).CancelBackfill(which, $"Its backfill was cancelled by {Caller.NameOf(context.User)} through the API.") is { } cancelled
            ? Answer.Json(BackfillView.Of(cancelled), ApiJson.Shared.BackfillView)
            : Problem.BackfillIsOver(which);
    }

    private static RequestBackfill Read(JsonElement body, FieldErrors errors)
    {
        foreach (var property in body.EnumerateObject().Where(property => !Known.Contains(property.Name)))
        {
            var shown = property.Name.Length <= 100 ? property.Name : property.Name[..100] + "…";
            errors.AddMalformed(shown, Suggestion.For(property.Name, Known) is { } meant ? $"is not a field of a backfill; did you mean '{meant}'?" : $"is not a field of a backfill; there are {string.Join(", ", Known)}");
        }

        return new RequestBackfill(Time("from"), Time("to"), Whole("max_concurrent") ?? 1, Flag("dry_run"));

        JsonElement? Given(string field) => body.TryGetProperty(field, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

        DateTimeOffset Time(string field)
        {
            if (Given(field) is not { } value)
                errors.AddMalformed(field, "is required: the " + (field == "from" ? "first instant of the period" : "instant before which the period ends") + ", such as 2026-03-01T00:00:00Z");
            else if (value.ValueKind == JsonValueKind.String && Rfc3339.TryParse(value.GetString(), out var time))
                return time;
            else
                errors.AddMalformed(field, Rfc3339.Advice);
            return default;
        }

        int? Whole(string field)
        {
            if (Given(field) is not { } value)
                return null;
            if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number))
                return number;

            errors.AddMalformed(field, $"must be a whole number{JobFields.ButIs(value)}");
            return null;
        }

        bool Flag(string field)
        {
            if (Given(field) is { } value && value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
                errors.AddMalformed(field, $"must be true or false{JobFields.ButIs(value)}");
            return Given(field) is { ValueKind: JsonValueKind.True };
        }
    }
}
