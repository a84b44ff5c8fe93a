using Dcron.Grains.Executions;

namespace Dcron.Grains.Jobs.Planning;

/// <summary>What is open after fire times were let in, and which of them were not.</summary>
/// <param name="Open">Launches in their order. Those that don't wait start; those that are replaced are to be ended.</param>
/// <param name="Skipped">What will not be launched, with its reason.</param>
internal sealed record OverlapResult(IReadOnlyList<OwedLaunch> Open, IReadOnlyList<PassedInstant> Skipped);

/// <summary>
/// The overlap policies, as one function of what is open, what is due and the policy. Manual runs and their attempts count as open and are never
/// ended; backfills never keep a fire time from being launched, but only <c>allow</c> starts it beside one.
/// </summary>
internal static class Overlap
{
    /// <summary>Most launches of a job that its schedule may have open at once, whatever the policy, and one more that replaces them. Fewer where they are large: see <see cref="MostOpen"/>.</summary>
    public const int MostOpenLaunches = 100;

    private const int MostOpenBytes = 4 * 1024 * 1024;
    private const int LaunchBytes = 1024;

    public static OverlapResult Take(IReadOnlyList<OwedLaunch> open, IReadOnlyList<OwedLaunch> due, JobSpec spec)
    {
        var (all, skipped, fresh) = (open.ToList(), new List<PassedInstant>(), new HashSet<ExecutionId>());
        foreach (var next in due)
        {
            var ahead = all.FindAll(owed => owed.Launch.ExecutionId.Backfill == 0);
            switch (spec.OverlapPolicy)
            {
                case OverlapPolicy.Allow when ahead.Count < MostOpen(spec):
                    all.Add(next);
                    break;
                case OverlapPolicy.Allow:
                    skipped.Add(Skip(next, $"{ahead.Count} executions of the same job were queued or running already, the most that may be (overlap policy allow)."));
                    break;
                case OverlapPolicy.Queue when ahead.Count >= MostOpen(spec): // let in by allow, which was the policy until now
                    skipped.Add(Skip(next, $"{ahead.Count} executions of the same job were queued or running already, the most that may be (overlap policy queue)."));
                    break;
                case OverlapPolicy.Queue when ahead.Count(owed => owed.Waits) < QueueLimit(spec):
                    all.Add(next with { Waits = all.Count > 0 });
                    break;
                case OverlapPolicy.Queue:
                    skipped.Add(Skip(next, $"{QueueLimit(spec)} fire times of the same job were waiting already, the most that may (overlap policy queue)."));
                    break;
                case OverlapPolicy.Replace:
                    Replace(all, ahead, next, fresh, skipped);
                    break;
                case OverlapPolicy.Skip when ahead.Count == 0:
                    all.Add(next with { Waits = all.Count > 0 });
                    break;
                case OverlapPolicy.Skip:
                    skipped.Add(Skip(next, $"{ahead[0].Launch.ExecutionId} of the same job was still queued or running (overlap policy skip)."));
                    break;
                default:
                    throw new System.Diagnostics.UnreachableException($"{spec.OverlapPolicy}");
            }

            fresh.Add(next.Launch.ExecutionId);
        }

        return new OverlapResult(all, skipped);
    }

    /// <summary>Lets the first that waits start once nothing else is open; all of them where the policy allows overlap. The same list where nothing changes.</summary>
    public static IReadOnlyList<OwedLaunch> Release(IReadOnlyList<OwedLaunch> open, OverlapPolicy policy)
    {
        var free = policy == OverlapPolicy.Allow ? open.Count : open.All(owed => owed.Waits) ? 1 : 0;
        return free == 0 || !open.Any(owed => owed.Waits) ? open : [.. open.Select(owed => owed.Waits && free-- > 0 ? owed with { Waits = false } : owed)];
    }

    /// <summary>How many due fire times could be taken now, at most.</summary>
    public static int Room(IReadOnlyList<OwedLaunch> open, JobSpec spec) => spec.OverlapPolicy switch
    {
        OverlapPolicy.Allow => Math.Max(0, MostOpen(spec) - open.Count),
        OverlapPolicy.Queue => Math.Max(0, Math.Min(MostOpen(spec) - open.Count, QueueLimit(spec) - open.Count(owed => owed.Waits) + (open.Count == 0 ? 1 : 0))),
        _ => 1,
    };

    /// <summary>Each open launch is in the job's document with its arguments and environment, which must stay of a size that stores take.</summary>
    public static int MostOpen(JobSpec spec)
    {
        var bytes = LaunchBytes + spec.Args.Sum(arg => arg.Length) + spec.Env.Sum(pair => pair.Key.Length + pair.Value.Length);
        return Math.Clamp(MostOpenBytes / bytes, 4, MostOpenLaunches);
    }

    private static int QueueLimit(JobSpec spec) => Math.Min(spec.QueueLimit ?? JobSpec.DefaultQueueLimit, MostOpen(spec));

    // What nobody can have been offered yet is skipped at once; for the rest its document decides whether it had begun.
    private static void Replace(List<OwedLaunch> all, List<OwedLaunch> ahead, OwedLaunch next, HashSet<ExecutionId> fresh, List<PassedInstant> skipped)
    {
        var by = next.Launch.ExecutionId;
        foreach (var owed in ahead.Where(owed => owed.Launch.ExecutionId.IsScheduled && owed.ReplacedBy is null))
        {
            var i = all.IndexOf(owed);
            if (owed.Waits || fresh.Contains(owed.Launch.ExecutionId))
            {
                all.RemoveAt(i);
                skipped.Add(Skip(owed, ReplacedReason(by)));
            }
            else
            {
                all[i] = owed with { ReplacedBy = by };
            }
        }

        all.Add(next with { Waits = all.Count > 0 });
    }

    /// <summary>What the document of a replaced launch says.</summary>
    public static string ReplacedReason(ExecutionId by) => $"{by} of the same job took its place (overlap policy replace).";

    private static PassedInstant Skip(OwedLaunch launch, string reason) => new(launch.Launch.ExecutionId, ExecutionResult.Skipped, reason);
}
