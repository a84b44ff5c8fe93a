using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;

namespace Dcron.Tests.Simulation;

/// <summary>Jobs with every policy there is, at random.</summary>
internal static class AnySpec
{
    private static readonly IReadOnlyList<ExecutionResult>?[] Retried = [null, null, [ExecutionResult.Failed], [ExecutionResult.Failed, ExecutionResult.Lost], [ExecutionResult.TimedOut, ExecutionResult.Lost]];

    /// <summary>The exit statuses that simulated scripts have, but for 0.</summary>
    public static readonly int[] ExitCodes = [3, 7];

    public static JobSpec Of(World world, Life life, JobId job, int number)
    {
        var overlap = world.Chance(0.3) ? OverlapPolicy.Skip : (OverlapPolicy)world.Draw(4);
        var spec = new JobSpec
        {
            Time = life.AnyTime(world),
            ScriptType = "sh",
            ScriptLocation = Clients.Scripts[world.Draw(Clients.Scripts.Length)],
            Timezone = world.Chance(0.5) ? "UTC" : "Europe/Lisbon",
            Args = [$"{number}"],
            OverlapPolicy = overlap,
            QueueLimit = overlap == OverlapPolicy.Queue ? 1 + world.Draw(3) : null,
            MisfirePolicy = world.Chance(0.5) ? MisfirePolicy.RunLatest
                : overlap is OverlapPolicy.Queue or OverlapPolicy.Allow ? MisfirePolicy.RunAll
                : MisfirePolicy.Skip,
            StartingDeadlineSeconds = world.Chance(0.2) ? 5 + world.Draw(35) : null,
            TimeoutSeconds = world.Chance(0.15) ? 4 : null,
            JitterSeconds = world.Chance(0.2) ? 6 : null,
            DstGap = (DstGap)world.Draw(2),
            DstOverlap = (DstOverlap)world.Draw(4),
            Retries = world.Chance(0.5) ? AnyRetries(world) : null,
        };
        return JobSpecRules.Check(spec, job) is { Count: > 0 } errors ? throw new InvalidOperationException($"Nobody could have a job like this: {errors[0].Message}") : spec;
    }

    private static RetryPolicy AnyRetries(World world)
    {
        var on = Retried[world.Draw(Retried.Length)];
        return new RetryPolicy
        {
            Count = 1 + world.Draw(3),
            Backoff = (RetryBackoff)world.Draw(2),
            DelaySeconds = 1 + world.Draw(4),
            MaxDelaySeconds = 8,
            Jitter = world.Chance(0.5) ? 0.5 : 0,
            On = on,
            OnExitCodes = (on is null || on.Contains(ExecutionResult.Failed)) && world.Chance(0.4) ? [ExitCodes[world.Draw(ExitCodes.Length)]] : [],
        };
    }
}
