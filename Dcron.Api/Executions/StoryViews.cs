using Dcron.Api.Json;
using Dcron.Grains.Executions;

namespace Dcron.Api.Executions;

/// <summary>One offer of a launch to a worker.</summary>
/// <param name="WorkerId">Who was asked.</param>
/// <param name="At">When the answer came, or the claim was made.</param>
/// <param name="Answer">accepted, declined or unanswered.</param>
/// <param name="Reason">Why it was declined: busy, no_interpreter, labels_differ, draining or unfit.</param>
/// <param name="Detail">A few words of the worker.</param>
/// <param name="Milliseconds">Of the one that was accepted: until the claim was stored.</param>
internal sealed record OfferView(string WorkerId, DateTimeOffset At, string Answer, string? Reason, string? Detail, double? Milliseconds)
{
    public static IReadOnlyList<OfferView> Of(ExecutionDocument execution)
    {
        var offers = (execution.Offers ?? []).Select(offer => new OfferView(
            offer.WorkerId, offer.At, offer.Declined is null ? "unanswered" : "declined", offer.Declined is { } reason ? Words.Of(reason) : null, offer.Detail, null));
        return execution is { ClaimedAt: { } at, WorkerId: { } worker }
            ? [.. offers, new OfferView(worker, at, "accepted", null, null, execution.ClaimMilliseconds)]
            : [.. offers];
    }
}

/// <summary>What an execution ran with.</summary>
internal sealed record ProvenanceView(
    string? InterpreterVersion, string? InterpreterPath, string? EnvironmentSha256, string? Host, string? NodeVersion, string? TzVersion)
{
    public static ProvenanceView Of(Provenance provenance) => new(
        provenance.InterpreterVersion, provenance.InterpreterPath, provenance.EnvironmentSha256, provenance.Host, provenance.NodeVersion, provenance.TzVersion);
}

/// <summary>A result that came after the execution had been closed as lost; superseded, it counts for nothing.</summary>
internal sealed record LateView(string ExecutionResult, int? ExitStatus, string? Signal, DateTimeOffset? FinishedAt, DateTimeOffset ToldAt)
{
    public static LateView Of(LateResult late) => new(Words.Of(late.Result), late.ExitStatus, late.Signal, late.FinishedAt, late.ToldAt);
}
