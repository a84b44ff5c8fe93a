using Dcron.Grains.Executions;

namespace Dcron.Grains.Jobs;

/// <summary>CREATE JOB. Repeating it with the same id answers what the first did.</summary>
[GenerateSerializer, Immutable, Alias("dcron.create-job")]
public sealed record CreateJob(
    [property: Id(0)] JobId JobId,
    [property: Id(1)] JobSpec Spec);

/// <summary>UPDATE JOB: the whole new spec.</summary>
/// <param name="IfVersion">Refuse unless the job has this version; null to skip the check.</param>
[GenerateSerializer, Immutable, Alias("dcron.update-job")]
public sealed record UpdateJob(
    [property: Id(0)] JobId JobId,
    [property: Id(1)] JobSpec Spec,
    [property: Id(2)] int? IfVersion);

/// <summary>GET JOB EXECUTIONS: newest first.</summary>
/// <param name="JobId">Null for all jobs.</param>
/// <param name="Result">Null for all.</param>
/// <param name="From">Fire times from here on, inclusive.</param>
/// <param name="To">Fire times before this instant.</param>
/// <param name="Limit">1 to 500.</param>
/// <param name="Cursor">From the page before.</param>
[GenerateSerializer, Immutable, Alias("dcron.get-job-executions")]
public sealed record GetJobExecutions(
    [property: Id(0)] JobId? JobId,
    [property: Id(1)] ExecutionResult? Result = null,
    [property: Id(2)] DateTimeOffset? From = null,
    [property: Id(3)] DateTimeOffset? To = null,
    [property: Id(4)] int Limit = 100,
    [property: Id(5)] string? Cursor = null);

/// <summary>A page of executions, newest first.</summary>
/// <param name="Next">Cursor of the next page; null when this is the last.</param>
[GenerateSerializer, Immutable, Alias("dcron.execution-page")]
public sealed record ExecutionPage(
    [property: Id(0)] IReadOnlyList<ExecutionDocument> Executions,
    [property: Id(1)] string? Next);

/// <summary>What a job answers to a change or a question.</summary>
[GenerateSerializer, Immutable, Alias("dcron.job-answer")]
public abstract record JobAnswer
{
    private JobAnswer()
    {
    }

    /// <summary>The job as it is now.</summary>
    [GenerateSerializer, Immutable, Alias("dcron.job-answer.found")]
    public sealed record Found([property: Id(0)] JobDocument Job) : JobAnswer;

    [GenerateSerializer, Immutable, Alias("dcron.job-answer.unknown")]
    public sealed record Unknown : JobAnswer;

    /// <summary>The job has another version than the caller expected.</summary>
    [GenerateSerializer, Immutable, Alias("dcron.job-answer.version-mismatch")]
    public sealed record VersionMismatch([property: Id(0)] int Current) : JobAnswer;

    /// <summary>Another job has that name.</summary>
    [GenerateSerializer, Immutable, Alias("dcron.job-answer.name-taken")]
    public sealed record NameTaken([property: Id(0)] string Name, [property: Id(1)] JobId By) : JobAnswer;
}

/// <summary>What a woken job answers to the leader.</summary>
/// <param name="Owed">All launches that nobody has claimed yet, old ones included.</param>
/// <param name="WakeAt">When it wants to be woken next; null for never.</param>
[GenerateSerializer, Immutable, Alias("dcron.wake-answer")]
public sealed record WakeAnswer(
    [property: Id(0)] IReadOnlyList<OwedLaunch> Owed,
    [property: Id(1)] DateTimeOffset? WakeAt);
