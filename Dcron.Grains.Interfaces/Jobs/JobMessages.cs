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
/// <param name="Namespaces">Only executions of these; null for all. Of no matter for one job.</param>
[GenerateSerializer, Immutable, Alias("dcron.get-job-executions")]
public sealed record GetJobExecutions(
    [property: Id(0)] JobId? JobId,
    [property: Id(1)] ExecutionResult? Result = null,
    [property: Id(2)] DateTimeOffset? From = null,
    [property: Id(3)] DateTimeOffset? To = null,
    [property: Id(4)] int Limit = 100,
    [property: Id(5)] string? Cursor = null,
    [property: Id(6)] IReadOnlyList<string>? Namespaces = null);

/// <summary>Asks for the fire times of a period to be run after the fact.</summary>
/// <param name="From">Fire times from this instant on.</param>
/// <param name="To">Fire times before this instant.</param>
/// <param name="MaxConcurrent">How many of its executions may be open at once, 1 to 10; above 1 only with the overlap policy <c>allow</c>.</param>
/// <param name="DryRun">True to be told what it would do, and do nothing.</param>
[GenerateSerializer, Immutable, Alias("dcron.request-backfill")]
public sealed record RequestBackfill(
    [property: Id(0)] DateTimeOffset From,
    [property: Id(1)] DateTimeOffset To,
    [property: Id(2)] int MaxConcurrent = 1,
    [property: Id(3)] bool DryRun = false);

/// <summary>What a job answers to a backfill that is asked for.</summary>
[GenerateSerializer, Immutable, Alias("dcron.backfill-answer")]
public abstract record BackfillAnswer
{
    private BackfillAnswer()
    {
    }

    /// <param name="Backfill">What was begun; null for a dry run.</param>
    /// <param name="FireTimes">What will run, or would.</param>
    /// <param name="LeftOut">What is left out since it has succeeded, or is queued or running.</param>
    [GenerateSerializer, Immutable, Alias("dcron.backfill-answer.planned")]
    public sealed record Planned(
        [property: Id(0)] Backfill? Backfill,
        [property: Id(1)] IReadOnlyList<DateTimeOffset> FireTimes,
        [property: Id(2)] IReadOnlyList<DateTimeOffset> LeftOut) : BackfillAnswer;

    [GenerateSerializer, Immutable, Alias("dcron.backfill-answer.unknown")]
    public sealed record Unknown : BackfillAnswer;

    [GenerateSerializer, Immutable, Alias("dcron.backfill-answer.refused")]
    public sealed record Refused([property: Id(0)] IReadOnlyList<FieldProblem> Problems) : BackfillAnswer;
}

/// <summary>What is wrong with one field of a request.</summary>
/// <param name="Field">In snake_case, as clients write it.</param>
/// <param name="Message">The end of a sentence that begins with the field.</param>
[GenerateSerializer, Immutable, Alias("dcron.field-problem")]
public sealed record FieldProblem(
    [property: Id(0)] string Field,
    [property: Id(1)] string Message);

/// <summary>What a job answers when one of its executions is to be repeated exactly.</summary>
[GenerateSerializer, Immutable, Alias("dcron.rerun-answer")]
public abstract record RerunAnswer
{
    private RerunAnswer()
    {
    }

    [GenerateSerializer, Immutable, Alias("dcron.rerun-answer.planned")]
    public sealed record Planned([property: Id(0)] ExecutionId ExecutionId) : RerunAnswer;

    /// <summary>There is no such execution.</summary>
    [GenerateSerializer, Immutable, Alias("dcron.rerun-answer.unknown")]
    public sealed record Unknown : RerunAnswer;

    /// <param name="Reason">A sentence that says why, and what can be done instead.</param>
    [GenerateSerializer, Immutable, Alias("dcron.rerun-answer.impossible")]
    public sealed record Impossible([property: Id(0)] string Reason) : RerunAnswer;
}

/// <summary>A page of executions, newest first.</summary>
/// <param name="Next">Cursor of the next page; null when this is the last.</param>
/// <param name="LookedBackTo">Null for a page that is full, or the last. Otherwise the fire time up to which so long a history was looked through, before there were enough; the next page goes on there.</param>
[GenerateSerializer, Immutable, Alias("dcron.execution-page")]
public sealed record ExecutionPage(
    [property: Id(0)] IReadOnlyList<ExecutionDocument> Executions,
    [property: Id(1)] string? Next,
    [property: Id(2)] DateTimeOffset? LookedBackTo = null);

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
