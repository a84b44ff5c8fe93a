using System.Text.Json;
using System.Text.Json.Nodes;
using Dcron.Api.Jobs;
using Dcron.Api.Json;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Grains.Scheduling;

namespace Dcron.Api.Console.Reading;

/// <summary>A field that two versions of a spec have different values of.</summary>
public sealed record FieldChange(string Field, string Before, string After);

/// <summary>A version and what it changed.</summary>
/// <param name="Changes">Empty for the first.</param>
public sealed record VersionRow(int Version, DateTimeOffset EffectiveAt, IReadOnlyList<FieldChange> Changes);

/// <summary>How a job did lately.</summary>
/// <param name="Executions">Finished ones that ran, newest first, at most 100.</param>
public sealed record JobRecord(IReadOnlyList<ExecutionDocument> Executions)
{
    public int Count => Executions.Count;

    public double SuccessRate => Count == 0 ? 0 : (double)Executions.Count(execution => execution.ExecutionResult == ExecutionResult.Succeeded) / Count;

    /// <summary>In ascending order.</summary>
    public IReadOnlyList<TimeSpan> Durations { get; } =
        [.. Executions.Where(execution => execution is { StartedAt: not null, FinishedAt: not null }).Select(execution => execution.FinishedAt!.Value - execution.StartedAt!.Value).Order()];

    public TimeSpan? Quantile(double share) => Durations.Count == 0 ? null : Durations[(int)Math.Min(Durations.Count - 1, Math.Floor(share * Durations.Count))];
}

/// <param name="Job">The job.</param>
/// <param name="Description">Its schedule in words.</param>
/// <param name="Coming">The next ten fire times; none while it is paused.</param>
/// <param name="Spec">Its fields and their values, those that say something.</param>
/// <param name="Versions">Newest first.</param>
/// <param name="Page">Its executions.</param>
/// <param name="Result">The filter of the executions.</param>
public sealed record JobModel(
    JobDocument Job,
    string Description,
    IReadOnlyList<DateTimeOffset> Coming,
    IReadOnlyList<KeyValuePair<string, string>> Spec,
    IReadOnlyList<VersionRow> Versions,
    JobRecord Record,
    ExecutionPage Page,
    ExecutionResult? Result,
    bool IsFirst);

/// <summary>Reads all that there is about one job.</summary>
internal sealed class JobReader(IGrainFactory grains, ExecutionHistory history, JobVersions versions, TimeProvider time)
{
    private const int Recent = 100;
    private const int PageSize = 25;
    private const int Coming = 10;

    /// <returns>Null when there is no such job.</returns>
    /// <exception cref="FormatException">The cursor is not one of ours.</exception>
    public async Task<JobModel?> ReadAsync(JobId id, ExecutionResult? result, string? cursor, CancellationToken cancellationToken)
    {
        var grain = grains.GetGrain<IJobGrain>(id.Value);
        if (await grain.Get() is not JobAnswer.Found { Job: var job })
            return null;

        var now = time.GetUtcNow();
        var page = await grain.GetExecutions(new GetJobExecutions(id, result, Limit: PageSize, Cursor: cursor));
        var recent = await history.PageAsync(new GetJobExecutions(id, Limit: Recent), cancellationToken);
        var all = await versions.ListAsync(job, cancellationToken);
        return new JobModel(
            job,
            JobSchedule.View(job, now).Description,
            ComingOf(job, now),
            FieldsOf(job.Spec),
            [.. all.Select((version, i) => new VersionRow(version.Version, version.EffectiveAt, i == 0 ? [] : ChangesOf(all[i - 1].Spec, version.Spec))).Reverse()],
            new JobRecord([.. recent.Executions.Where(execution => execution.ExecutionResult.IsFinal() && execution.StartedAt is not null)]),
            page,
            result,
            cursor is null);
    }

    internal static IReadOnlyList<DateTimeOffset> ComingOf(JobDocument job, DateTimeOffset now) =>
        job.Spec.Enabled && CronSchedule.TryParse(job.Spec.Time, job.JobId.Value, out var schedule, out _) && TimezoneName.TryFind(job.Spec.Timezone, out var zone, out _)
            ? new FireTimes(schedule, zone, job.Spec.StartsAt, job.Spec.EndsAt, job.Spec.DstGap, job.Spec.DstOverlap).Next(Coming, now)
            : [];

    internal static IReadOnlyList<FieldChange> ChangesOf(JobSpec before, JobSpec after)
    {
        var (old, young) = (Json(before), Json(after));
        return [.. old.Select(field => new FieldChange(field.Key, Text(field.Value), Text(young[field.Key]))).Where(change => change.Before != change.After)];
    }

    private static IReadOnlyList<KeyValuePair<string, string>> FieldsOf(JobSpec spec) =>
        [.. Json(spec).Select(field => KeyValuePair.Create(field.Key, Text(field.Value))).Where(field => field.Value.Length > 0)];

    private static JsonObject Json(JobSpec spec) => (JsonObject)JsonSerializer.SerializeToNode(JobSpecView.Of(spec), ApiJson.Shared.JobSpecView)!;

    /// <summary>A value for people; parts stand one a line.</summary>
    internal static string Text(JsonNode? value) => value switch
    {
        null => "",
        JsonArray array => string.Join("\n", array.Select(Text)),
        JsonObject map => string.Join("\n", map.Select(pair => $"{pair.Key}={Text(pair.Value)}")),
        JsonValue text when text.GetValueKind() == JsonValueKind.String => text.GetValue<string>(),
        _ => value.ToJsonString(),
    };
}
