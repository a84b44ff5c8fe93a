using Dcron.Api.Json;
using Dcron.Grains.Jobs;

namespace Dcron.Api.Console.Editing;

/// <summary>One value of a policy, and what it means.</summary>
public sealed record PolicyChoice(string Word, string Text);

/// <summary>A policy that a job may choose, explained where it is chosen.</summary>
public sealed record Policy(string Field, string Label, string Help, IReadOnlyList<PolicyChoice> Choices)
{
    public static IReadOnlyList<Policy> All { get; } =
    [
        new("overlap_policy", "While it still runs", "What happens to a fire time while an earlier execution of the job is queued, runs, or waits for its next attempt.", Choose(
            (OverlapPolicy.Skip, "the new one is recorded as skipped"),
            (OverlapPolicy.Allow, "it runs beside the others"),
            (OverlapPolicy.Queue, "it waits until all before it are over"),
            (OverlapPolicy.Replace, "what runs is cancelled for it"))),
        new("misfire_policy", "After an outage", "What happens to fire times that passed while nobody could plan them.", Choose(
            (MisfirePolicy.RunLatest, "the latest runs, the others are missed"),
            (MisfirePolicy.Skip, "all are recorded as missed"),
            (MisfirePolicy.RunAll, "they run in order, as many as may be open"))),
        new("dst_gap", "When the clocks go forward", "What happens to times in the hour that is left out.", Choose(
            (DstGap.Shift, "they fire once, right after it"),
            (DstGap.Skip, "they don't fire that day"))),
        new("dst_overlap", "When the clocks go back", "What happens to times in the hour that comes twice.", Choose(
            (DstOverlap.Auto, "fixed times once, intervals in both"),
            (DstOverlap.First, "they fire in the first hour"),
            (DstOverlap.Second, "they fire in the second hour"),
            (DstOverlap.Both, "they fire in both hours"))),
    ];

    public static IReadOnlyList<PolicyChoice> Backoffs { get; } = Choose(
        (RetryBackoff.Exponential, "twice as long after each"),
        (RetryBackoff.Fixed, "always the same"));

    public static IReadOnlyList<PolicyChoice> Networks { get; } =
        [new("", "as the worker has it"), new("true", "with a network"), new("false", "without: it reaches nothing, not even its own machine")];

    public static IReadOnlyList<PolicyChoice> Stderrs { get; } = Choose(
        (StderrMode.Merged, "with stdout, in exactly the order written"),
        (StderrMode.Marked, "red in the log, in the order read"));

    private static IReadOnlyList<PolicyChoice> Choose<T>(params (T Value, string Text)[] meanings)
        where T : struct, Enum => [.. meanings.Select(meaning => new PolicyChoice(Words.Of(meaning.Value), $"{Words.Of(meaning.Value)}: {meaning.Text}"))];
}
