using System.Collections.Concurrent;
using System.Globalization;
using Dcron.Grains.Executions;
using Dcron.Storage.Documents;

namespace Dcron.Grains.Jobs;

/// <summary>The collections that dcron's own records live in, and their indexes.</summary>
public static class JobCollections
{
    /// <summary>One <see cref="JobDocument"/> a job; id = job id.</summary>
    public const string Jobs = "jobs";

    /// <summary>Index of <see cref="Jobs"/> by the time of the next wake.</summary>
    public const string ByWake = "by_wake";

    /// <summary>Index of <see cref="Jobs"/> with something owed or running.</summary>
    public const string ByOpen = "by_open";

    /// <summary>Index of <see cref="Jobs"/> for listings: list key, then what they filter by.</summary>
    public const string ByListKey = "by_list_key";

    /// <summary>One <see cref="JobVersionDocument"/> a version; id = <see cref="VersionId"/>.</summary>
    public const string Versions = "job_versions";

    /// <summary>Index of <see cref="Versions"/>: job, then the time it took effect.</summary>
    public const string ByJob = "by_job";

    /// <summary>One reservation a name; id = hash of the name, body = the job that has it.</summary>
    public const string Names = "job_names";

    /// <summary>Executions live in one collection a month (of the fire time), so that a month can be dropped whole.</summary>
    public const string ExecutionsPrefix = "executions-";

    /// <summary>Index of executions: job, then fire time, then result.</summary>
    public const string ByJobAndTime = "by_job_and_time";

    /// <summary>Index of executions: fire time, then result.</summary>
    public const string ByTime = "by_time";

    /// <summary>Index of running executions by the worker that holds them.</summary>
    public const string ByOpenOn = "by_open_on";

    /// <summary>Index of executions that ended otherwise than well: fire time, then result.</summary>
    public const string ByUnsuccessful = "by_unsuccessful";

    /// <summary>Index of executions outside of the default namespace: namespace, fire time, result.</summary>
    public const string ByNamespace = "by_namespace";

    private static readonly ConcurrentDictionary<(int Year, int Month), string> ExecutionMonths = new();

    public static CollectionDefinition JobsDefinition { get; } = new(Jobs,
    [
        new IndexDefinition(ByWake, "wake_at"),
        new IndexDefinition(ByOpen, "open_since"),
        new IndexDefinition(ByListKey, "list_key", "list_filter"),
    ]);

    public static CollectionDefinition VersionsDefinition { get; } = new(Versions, [new IndexDefinition(ByJob, "job_id", "effective_at")]);

    public static CollectionDefinition NamesDefinition { get; } = new(Names, []);

    /// <summary>Starts of processes live in one collection a month (of the fire time), as executions do.</summary>
    public const string StartsPrefix = "starts-";

    public static string ExecutionsOf(ExecutionId id) => ExecutionsOf(id.FireTime);

    public static string ExecutionsOf(DateTimeOffset fireTime) =>
        ExecutionMonths.GetOrAdd((fireTime.UtcDateTime.Year, fireTime.UtcDateTime.Month), static month => string.Create(CultureInfo.InvariantCulture, $"{ExecutionsPrefix}{month.Year:D4}-{month.Month:D2}"));

    public static CollectionDefinition ExecutionsDefinition(string collection) => new(collection,
    [
        new IndexDefinition(ByJobAndTime, "job_id", "execution_date", "execution_result"),
        new IndexDefinition(ByTime, "execution_date", "execution_result"),
        new IndexDefinition(ByOpenOn, "open_on"),
        new IndexDefinition(ByUnsuccessful, "unsuccessful_at", "execution_result"),
        new IndexDefinition(ByNamespace, "namespace", "execution_date", "execution_result"),
    ]);

    public static string StartsOf(DateTimeOffset fireTime) => StartsPrefix + fireTime.UtcDateTime.ToString("yyyy-MM", CultureInfo.InvariantCulture);

    public static CollectionDefinition StartsDefinition(string collection) => new(collection, [new IndexDefinition(ByJobAndTime, "job_id", "execution_date")]);

    /// <param name="jobId">The job.</param>
    /// <param name="version">Number of the version.</param>
    /// <param name="token">Tells stored versions of one number apart; null for one from before there were tokens.</param>
    public static string VersionId(JobId jobId, int version, string? token) =>
        string.Create(CultureInfo.InvariantCulture, $"{jobId}@v{version:D6}") + (token is null ? "" : "." + token);

    /// <summary>Id of the record that closes a deleted job's versions.</summary>
    public static string LastVersionId(JobId jobId) => $"{jobId}@end";
}
