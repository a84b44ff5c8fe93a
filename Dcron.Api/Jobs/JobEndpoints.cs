using System.Text.Json;
using System.Text.Json.Nodes;
using Dcron.Api.Access;
using Dcron.Api.Audit;
using Dcron.Api.Executions;
using Dcron.Api.Idempotency;
using Dcron.Api.Json;
using Dcron.Api.OpenApi;
using Dcron.Api.Problems;
using Dcron.Api.Requests;
using Dcron.Grains.Jobs;

namespace Dcron.Api.Jobs;

/// <summary>CREATE JOB, UPDATE JOB and what else is done to jobs.</summary>
internal static class JobEndpoints
{
    private const string Json = "application/json";
    private const string MergePatchJson = "application/merge-patch+json";
    private const int PatchTries = 5;

    public static void Map(IEndpointRouteBuilder api)
    {
        var jobs = api.MapGroup("/jobs").WithTags("Jobs");
        jobs.MapPost("", CreateAsync).Describe("CreateJob", "CREATE JOB", Role.Operator, Reach.Filtered)
            .TakesBody<JobRequest>(Json).Answers<JobView>(201).Problems(400, 409, 413, 415, 422);
        jobs.MapPut("/{job_id}", ReplaceAsync).Describe("UpdateJob", "UPDATE JOB: the whole new spec", Role.Operator)
            .TakesBody<JobRequest>(Json).WithHeader(ApiParameters.IfMatch).Answers<JobView>(200).Problems(400, 404, 409, 412, 413, 415, 422);
        jobs.MapPatch("/{job_id}", PatchAsync).Describe("PatchJob", "UPDATE JOB: only what changes, as a merge patch (RFC 7396)", Role.Operator)
            .TakesBody<JobPatch>(MergePatchJson, Json).WithHeader(ApiParameters.IfMatch).Answers<JobView>(200).Problems(400, 404, 409, 412, 413, 415, 422);
        jobs.MapGet("/{job_id}", GetAsync).Describe("GetJob", "One job", Role.Viewer)
            .WithHeader(ApiParameters.IfNoneMatch).Answers<JobView>(200).AnswersNothing(304).Problems(404);
        jobs.MapDelete("/{job_id}", DeleteAsync).Describe("DeleteJob", "Delete a job; its history stays", Role.Operator)
            .AnswersNothing(204).Problems(404);
        jobs.MapPost("/{job_id}/pause", PauseAsync).Describe("PauseJob", "Let its fire times pass", Role.Operator)
            .Answers<JobView>(200).Problems(404);
        jobs.MapPost("/{job_id}/resume", ResumeAsync).Describe("ResumeJob", "Fire again from now on", Role.Operator)
            .Answers<JobView>(200).Problems(404);
        jobs.MapPost("/{job_id}/run", RunAsync).Describe("RunJob", "Run it once now, whatever its schedule says", Role.Operator)
            .Answers<StartedView>(202).Problems(404);
    }

    private static async Task<IResult> CreateAsync(HttpContext context, JobChecks checks, IGrainFactory grains, TimeProvider time)
    {
        var request = IdempotentRequest.Of(context);
        var id = request is null ? JobId.New(time.GetUtcNow()) : JobId.Parse(request.ReservedId);
        if (request is { Resumed: true } && await grains.GetGrain<IJobGrain>(id.Value).Get() is JobAnswer.Found created)
            return Created(context, created.Job, time);

        var body = await JsonBody.ReadAsync(context.Request, Json);
        if (body is JsonBody.Refused refused)
            return refused.Problem;

        var scope = Caller.ScopeOf(context.User);
        var reading = await checks.ReadAsync(((JsonBody.Read)body).Object, id, null, scope.Own, context.RequestAborted);
        if (reading is JobSpecReading.Invalid invalid)
            return Problem.Invalid(invalid.Errors);

        var spec = ((JobSpecReading.Valid)reading).Spec;
        if (!scope.Allows(spec.InNamespace))
            return Problem.NotYourNamespace(spec.InNamespace, scope);

        await AuditAsync(context, id, null, spec);
        return await grains.GetGrain<IJobGrain>(id.Value).Create(new CreateJob(id, spec)) switch
        {
            JobAnswer.Found found => Created(context, found.Job, time),
            JobAnswer.NameTaken taken => Problem.NameTaken(taken.Name, taken.By.Value),
            JobAnswer.Unknown => WasDeleted(request, id),
            var other => throw new System.Diagnostics.UnreachableException($"CREATE JOB answered {other}"),
        };
    }

    private static ProblemResult WasDeleted(IdempotentRequest? request, JobId id)
    {
        request?.KeepsRefusal = true;
        return Problem.JobWasDeleted(id.Value);
    }

    private static async Task<IResult> ReplaceAsync(HttpContext context, string job_id, JobChecks checks, IGrainFactory grains, TimeProvider time)
    {
        if (!JobId.TryParse(job_id, out var id))
            return Problem.NoSuchJob(job_id);

        var body = await JsonBody.ReadAsync(context.Request, Json);
        if (body is JsonBody.Refused refused)
            return refused.Problem;

        var grain = grains.GetGrain<IJobGrain>(id.Value);
        if (await grain.Get() is not JobAnswer.Found { Job: var job })
            return Problem.NoSuchJob(job_id);
        if (!EntityTags.Allows(context.Request, job.Version))
            return Problem.VersionMismatch(job.Version);

        var reading = await checks.ReadAsync(((JsonBody.Read)body).Object, id, job, job.Spec.InNamespace, context.RequestAborted);
        if (reading is JobSpecReading.Invalid invalid)
            return Problem.Invalid(invalid.Errors);

        await AuditAsync(context, id, job.Spec, ((JobSpecReading.Valid)reading).Spec);
        var update = new UpdateJob(id, ((JobSpecReading.Valid)reading).Spec, EntityTags.Expected(context.Request, job.Version));
        return Changed(context, job_id, await grain.Update(update), time);
    }

    private static async Task<IResult> PatchAsync(HttpContext context, string job_id, JobChecks checks, IGrainFactory grains, TimeProvider time)
    {
        if (!JobId.TryParse(job_id, out var id))
            return Problem.NoSuchJob(job_id);

        var body = await JsonBody.ReadAsync(context.Request, MergePatchJson, Json);
        if (body is JsonBody.Refused refused)
            return refused.Problem;

        var grain = grains.GetGrain<IJobGrain>(id.Value);
        for (var tries = 1; ; tries++)
        {
            if (await grain.Get() is not JobAnswer.Found { Job: var job })
                return Problem.NoSuchJob(job_id);
            if (!EntityTags.Allows(context.Request, job.Version))
                return Problem.VersionMismatch(job.Version);

            var current = JsonSerializer.SerializeToNode(JobSpecView.Of(job.Spec), ApiJson.Shared.JobSpecView) as JsonObject;
            using var merged = JsonDocument.Parse(MergePatch.Apply(current, ((JsonBody.Read)body).Object)!.ToJsonString());
            var reading = await checks.ReadAsync(merged.RootElement, id, job, job.Spec.InNamespace, context.RequestAborted);
            if (reading is JobSpecReading.Invalid invalid)
                return Problem.Invalid(invalid.Errors);

            await AuditAsync(context, id, job.Spec, ((JobSpecReading.Valid)reading).Spec);
            // The patch was applied to this version, so it must still be the one: somebody else's change is never undone by the way.
            var answer = await grain.Update(new UpdateJob(id, ((JobSpecReading.Valid)reading).Spec, job.Version));
            if (answer is not JobAnswer.VersionMismatch || EntityTags.Expected(context.Request, job.Version) is not null || tries == PatchTries)
                return Changed(context, job_id, answer, time);
        }
    }

    private static async Task<IResult> GetAsync(HttpContext context, string job_id, IGrainFactory grains, TimeProvider time)
    {
        if (!JobId.TryParse(job_id, out var id) || await grains.GetGrain<IJobGrain>(id.Value).Get() is not JobAnswer.Found { Job: var job })
            return Problem.NoSuchJob(job_id);

        if (!EntityTags.IsKnown(context.Request, job.Version))
            return Answered(context, job, time);

        context.Response.Headers.ETag = EntityTags.Of(job.Version);
        return Results.StatusCode(StatusCodes.Status304NotModified);
    }

    private static async Task<IResult> DeleteAsync(HttpContext context, string job_id, IGrainFactory grains)
    {
        if (!JobId.TryParse(job_id, out var id) || await grains.GetGrain<IJobGrain>(id.Value).Get() is not JobAnswer.Found { Job: var job })
            return Problem.NoSuchJob(job_id);

        await AuditAsync(context, id, job.Spec, null);
        return await grains.GetGrain<IJobGrain>(id.Value).Delete() ? Results.NoContent() : Problem.NoSuchJob(job_id);
    }

    private static Task<IResult> PauseAsync(HttpContext context, string job_id, IGrainFactory grains, TimeProvider time) =>
        SetEnabledAsync(context, job_id, false, grains, time);

    private static Task<IResult> ResumeAsync(HttpContext context, string job_id, IGrainFactory grains, TimeProvider time) =>
        SetEnabledAsync(context, job_id, true, grains, time);

    private static async Task<IResult> SetEnabledAsync(HttpContext context, string job_id, bool enabled, IGrainFactory grains, TimeProvider time)
    {
        if (!JobId.TryParse(job_id, out var id) || await grains.GetGrain<IJobGrain>(id.Value).Get() is not JobAnswer.Found { Job: var job })
            return Problem.NoSuchJob(job_id);

        await AuditAsync(context, id, job.Spec, job.Spec with { Enabled = enabled });
        return Changed(context, job_id, await grains.GetGrain<IJobGrain>(id.Value).SetEnabled(enabled), time);
    }

    private static async Task<IResult> RunAsync(HttpContext context, string job_id, IGrainFactory grains)
    {
        if (!JobId.TryParse(job_id, out var id) || await grains.GetGrain<IJobGrain>(id.Value).Get() is not JobAnswer.Found { Job: var job })
            return Problem.NoSuchJob(job_id);

        await AuditTrail.Of(context).BeginAsync(AuditTarget.Job(id, job.Spec.InNamespace));
        if (await grains.GetGrain<IJobGrain>(id.Value).Run(IdempotentRequest.Of(context)?.KeyHash) is not { } execution)
            return Problem.NoSuchJob(job_id);

        context.Response.Headers.Location = $"{context.Request.PathBase}{ApiPaths.Root}/executions/{Uri.EscapeDataString(execution.ToString())}";
        return Answer.Json(new StartedView(execution.ToString(), id.Value), ApiJson.Shared.StartedView, StatusCodes.Status202Accepted);
    }

    /// <summary>Writes down that a job is about to be made, changed or deleted.</summary>
    internal static Task AuditAsync(HttpContext context, JobId id, JobSpec? before, JobSpec? after) => AuditTrail.Of(context).BeginAsync(
        AuditTarget.Job(id, (after ?? before)!.InNamespace),
        before is null ? null : JobSpecView.Of(before),
        after is null ? null : JobSpecView.Of(after),
        ApiJson.Shared.JobSpecView);

    private static IResult Changed(HttpContext context, string job_id, JobAnswer answer, TimeProvider time) => answer switch
    {
        JobAnswer.Found found => Answered(context, found.Job, time),
        JobAnswer.Unknown => Problem.NoSuchJob(job_id),
        JobAnswer.VersionMismatch mismatch => Problem.VersionMismatch(mismatch.Current),
        JobAnswer.NameTaken taken => Problem.NameTaken(taken.Name, taken.By.Value),
        _ => throw new System.Diagnostics.UnreachableException($"{answer}"),
    };

    private static Answer<JobView> Created(HttpContext context, JobDocument job, TimeProvider time)
    {
        context.Response.Headers.Location = $"{context.Request.PathBase}{ApiPaths.Root}/jobs/{job.JobId}";
        return Answered(context, job, time, StatusCodes.Status201Created);
    }

    private static Answer<JobView> Answered(HttpContext context, JobDocument job, TimeProvider time, int status = StatusCodes.Status200OK)
    {
        context.Response.Headers.ETag = EntityTags.Of(job.Version);
        return Answer.Json(JobSchedule.View(job, time.GetUtcNow()), ApiJson.Shared.JobView, status);
    }
}
