using Dcron.Api.Access;
using Dcron.Api.Json;
using Dcron.Api.OpenApi;
using Dcron.Api.Problems;
using Dcron.Api.Requests;
using Dcron.Grains.Jobs;

namespace Dcron.Api.Jobs;

/// <summary>Lists of jobs and of a job's versions.</summary>
internal static class JobListEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var jobs = api.MapGroup("/jobs").WithTags("Jobs");
        jobs.MapGet("", ListAsync).Describe("ListJobs", "All jobs, oldest first", Role.Viewer, Reach.Filtered)
            .WithQuery(ApiParameters.JobFilters).Answers<IReadOnlyList<JobView>>(200).Problems(400);
        jobs.MapGet("/{job_id}/versions", VersionsAsync).Describe("GetJobVersions", "Each spec the job had, oldest first, with the time it took effect", Role.Viewer)
            .Answers<IReadOnlyList<JobVersionView>>(200).Problems(404);
    }

    private static async Task<IResult> ListAsync(HttpContext context, JobListing listing, TimeProvider time)
    {
        var reader = new QueryReader(context.Request, "limit", "cursor", "name", "enabled", "label", "namespace");
        var asked = reader.Namespaces(context);
        var query = new ListJobs(reader.Int("limit", 1, 500, 100), reader.Text("name"), reader.Bool("enabled"), reader.Text("label"), reader.Text("cursor"), Namespaces: asked);
        if (reader.Errors.Any)
            return Problem.Invalid(reader.Errors);

        JobPage page;
        try
        {
            page = await listing.PageAsync(query, context.RequestAborted);
        }
        catch (FormatException) when (query.Cursor is not null)
        {
            return Problem.MalformedCursor();
        }

        NextLink.Add(context, page.Next);
        var now = time.GetUtcNow();
        return Answer.Json<IReadOnlyList<JobView>>([.. page.Jobs.Select(job => JobSchedule.View(job, now))], ApiJson.Shared.IReadOnlyListJobView);
    }

    private static async Task<IResult> VersionsAsync(HttpContext context, string job_id, JobVersions versions, IGrainFactory grains)
    {
        if (!JobId.TryParse(job_id, out var id) || await grains.GetGrain<IJobGrain>(id.Value).Get() is not JobAnswer.Found { Job: var job })
            return Problem.NoSuchJob(job_id);

        var found = await versions.ListAsync(job, context.RequestAborted);
        return Answer.Json<IReadOnlyList<JobVersionView>>([.. found.Select(version => new JobVersionView(version))], ApiJson.Shared.IReadOnlyListJobVersionView);
    }
}
