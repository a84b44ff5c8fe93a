using System.Text;
using Dcron.Grains.Executions;
using Dcron.Grains.Json;

namespace Dcron.Grains.Jobs.Planning;

/// <summary>Jitter that is no chance: how far something is put off depends on its name alone, so that whoever plans it again puts it off by as much.</summary>
internal static class Spread
{
    /// <summary>From 0 to below 1. FNV-1a with a final mix; changing it moves the due times of launches that are planned already.</summary>
    public static double Of(string name)
    {
        var hash = 14695981039346656037UL;
        foreach (var value in Encoding.UTF8.GetBytes(name))
        {
            hash = (hash ^ value) * 1099511628211UL;
        }

        hash ^= hash >> 33;
        hash *= 0xff51afd7ed558ccdUL;
        hash ^= hash >> 33;
        return (hash >> 11) / (double)(1UL << 53);
    }

    /// <summary>When a fire time's launch is due: null for the fire time itself.</summary>
    public static DateTimeOffset? DueAt(JobSpec spec, ExecutionId id) =>
        spec.JitterSeconds is > 0 and var jitter ? UtcTime.ToMilliseconds(id.FireTime.AddSeconds(jitter * Of(id.ToString()))) : null;
}
