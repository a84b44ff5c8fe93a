using System.Globalization;
using Dcron.Grains.Containing;

namespace Dcron.Grains.Jobs.Planning;

/// <summary>What is wrong with one limit.</summary>
/// <param name="Field">Its field in a job.</param>
/// <param name="Option">Its name in the configuration.</param>
/// <param name="Right">What it must be.</param>
internal sealed record LimitError(string Field, string Option, long Value, string Right);

/// <summary>What limits can be. Pure.</summary>
internal static class LimitRules
{
    private static readonly (string Field, string Option, long Least, long Greatest)[] Ranges =
    [
        ("memory_bytes", nameof(ScriptLimits.MemoryBytes), 1 << 20, 1L << 50),
        ("processes", nameof(ScriptLimits.Processes), 1, 1_000_000),
        ("open_files", nameof(ScriptLimits.OpenFiles), 16, 1_000_000),
        ("cpu_seconds", nameof(ScriptLimits.CpuSeconds), 1, 30 * 24 * 3600),
        ("file_size_bytes", nameof(ScriptLimits.FileSizeBytes), 0, 1L << 60),
        ("disk_bytes", nameof(ScriptLimits.DiskBytes), 1 << 20, 1L << 50),
    ];

    public static IEnumerable<LimitError> Check(ScriptLimits limits) =>
        from pair in limits.All.Zip(Ranges)
        let value = pair.First.Value
        where value is not null && (value < pair.Second.Least || value > pair.Second.Greatest)
        select new LimitError(pair.Second.Field, pair.Second.Option, value!.Value,
            string.Create(CultureInfo.InvariantCulture, $"a whole number from {pair.Second.Least} to {pair.Second.Greatest}"));
}
