using Dcron.Grains.Executions;

namespace Dcron.Grains.Jobs;

/// <summary>One job; its key is the job id. The only writer of the job's document.</summary>
/// <remarks>Every member throws <c>DocumentStoreUnavailableException</c> (wrapped for the wire as <see cref="StoreUnavailableException"/>) when the store is out of reach.</remarks>
[Alias("dcron.IJobGrain")]
public interface IJobGrain : IGrainWithStringKey
{
    /// <summary>CREATE JOB. An id is used once: a job that was deleted is not created again by it.</summary>
    /// <returns><see cref="JobAnswer.Found"/>, <see cref="JobAnswer.NameTaken"/>, or <see cref="JobAnswer.Unknown"/> for a job that was deleted.</returns>
    [Alias("create")]
    Task<JobAnswer> Create(CreateJob message);

    /// <summary>UPDATE JOB. Fire times up to now are planned under the old spec first.</summary>
    [Alias("update")]
    Task<JobAnswer> Update(UpdateJob message);

    /// <summary>Pauses or resumes. Pausing drops what is queued (recorded as skipped); resuming starts from now: what passed meanwhile is not made up.</summary>
    [Alias("set-enabled")]
    Task<JobAnswer> SetEnabled(bool enabled);

    [Alias("get")]
    Task<JobAnswer> Get();

    /// <summary>Deletes the job: what is queued is cancelled, what runs ends by itself, the history stays until its retention.</summary>
    /// <returns>False when there is no such job.</returns>
    [Alias("delete")]
    Task<bool> Delete();

    /// <summary>Asks for one run now, whatever the schedule says, also of a paused job.</summary>
    /// <param name="idempotencyKey">A repeat with the same key answers the same execution.</param>
    /// <returns>Null when there is no such job.</returns>
    [Alias("run")]
    Task<ExecutionId?> Run(string? idempotencyKey);

    /// <summary>Runs one execution again exactly: the same bytes, arguments and environment, by the spec that it had. A manual run.</summary>
    /// <param name="origin">The execution to repeat.</param>
    /// <param name="idempotencyKey">A repeat with the same key answers the same run.</param>
    [Alias("rerun")]
    Task<RerunAnswer> Rerun(ExecutionId origin, string? idempotencyKey);

    /// <summary>Runs the fire times of a period after the fact, also of a paused job.</summary>
    /// <param name="asked">Which, and how.</param>
    /// <param name="idempotencyKey">A repeat with the same key answers the same backfill.</param>
    [Alias("backfill")]
    Task<BackfillAnswer> Backfill(RequestBackfill asked, string? idempotencyKey);

    /// <summary>Ends a backfill: what is queued of it is cancelled, what runs ends by itself.</summary>
    /// <returns>The backfill; null when there is none of that number, or it is over.</returns>
    [Alias("cancel-backfill")]
    Task<Backfill?> CancelBackfill(int number, string reason);

    /// <summary>Cancels a launch that is still queued.</summary>
    /// <returns>False when it is not queued any more (claimed, finished, or never planned).</returns>
    [Alias("cancel-queued")]
    Task<bool> CancelQueued(ExecutionId executionId, string reason);

    /// <summary>GET JOB EXECUTIONS, queued ones included.</summary>
    [Alias("get-executions")]
    Task<ExecutionPage> GetExecutions(GetJobExecutions message);

    /// <summary>Plans up to now and answers what is owed.</summary>
    [Alias("wake")]
    Task<WakeAnswer> Wake();

    /// <summary>An execution's document is final.</summary>
    /// <param name="executionId">The execution.</param>
    /// <param name="end">What its document says; null to have it read.</param>
    /// <returns>When the job wants to be woken next.</returns>
    [Alias("finished")]
    Task<DateTimeOffset?> Finished(ExecutionId executionId, ExecutionEnd? end);
}

/// <summary>A store is out of reach; what was asked may or may not have happened. Try again.</summary>
[GenerateSerializer, Alias("dcron.store-unavailable-exception")]
public sealed class StoreUnavailableException : Exception
{
    public StoreUnavailableException(string message) : base(message)
    {
    }
}
