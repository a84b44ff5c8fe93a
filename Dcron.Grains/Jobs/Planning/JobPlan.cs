using Dcron.Grains.Executions;

namespace Dcron.Grains.Jobs.Planning;

/// <summary>What was decided on a job.</summary>
/// <param name="Job">The job afterwards; the same object where nothing changed.</param>
/// <param name="Changed">Whether there is anything to save.</param>
/// <param name="IsBehind">
/// True when there are more due instants than one plan takes: save, record what was passed, and plan again at once.
/// </param>
internal sealed record JobPlan(JobDocument Job, bool Changed, bool IsBehind = false);

/// <summary>What a change by a user made of a job.</summary>
/// <param name="Job">The job afterwards.</param>
/// <param name="Changed">Whether there is anything to save.</param>
/// <param name="IsApplied">
/// False when the job has so many due instants to decide under its old spec that the change itself must wait: save, record what
/// was passed, and ask for the change again.
/// </param>
/// <param name="ToDrop">
/// Launches that should not happen any more and that nobody may have claimed yet: create each one's dropped document; a
/// conflict means that it was claimed, and it stays.
/// </param>
internal sealed record JobChange(JobDocument Job, bool Changed, bool IsApplied, IReadOnlyList<OwedLaunch> ToDrop);

/// <summary>A manual run that was planned.</summary>
/// <param name="Job">The job afterwards; the same object for a repeat.</param>
/// <param name="ExecutionId">The run.</param>
/// <param name="IsRepeat">True when the idempotency key was known: nothing was planned, the id is that of the first time.</param>
internal sealed record ManualRun(JobDocument Job, ExecutionId ExecutionId, bool IsRepeat);
