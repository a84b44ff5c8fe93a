using System.Text.Json.Serialization;

namespace Dcron.Grains.Containing;

/// <summary>What a script may use at most; null where there is no limit.</summary>
[GenerateSerializer, Immutable, Alias("dcron.script-limits")]
public sealed record ScriptLimits
{
    public static readonly ScriptLimits None = new();

    /// <summary>Bytes of memory: of all its processes together where a control group keeps it, of each one's address space otherwise.</summary>
    [Id(0)]
    public long? MemoryBytes { get; init; }

    /// <summary>Processes and threads that exist at once.</summary>
    [Id(1)]
    public int? Processes { get; init; }

    /// <summary>Files that one process has open at once.</summary>
    [Id(2)]
    public int? OpenFiles { get; init; }

    /// <summary>Whole seconds of processor time of one process.</summary>
    [Id(3)]
    public int? CpuSeconds { get; init; }

    /// <summary>Bytes of one file that it writes.</summary>
    [Id(4)]
    public long? FileSizeBytes { get; init; }

    /// <summary>Bytes of all files in its working folder together, which then lies in memory.</summary>
    [Id(5)]
    public long? DiskBytes { get; init; }

    /// <summary>These, and the others' where these have none.</summary>
    public ScriptLimits Or(ScriptLimits others) => new()
    {
        MemoryBytes = MemoryBytes ?? others.MemoryBytes,
        Processes = Processes ?? others.Processes,
        OpenFiles = OpenFiles ?? others.OpenFiles,
        CpuSeconds = CpuSeconds ?? others.CpuSeconds,
        FileSizeBytes = FileSizeBytes ?? others.FileSizeBytes,
        DiskBytes = DiskBytes ?? others.DiskBytes,
    };

    /// <summary>Each limit under its field's name, with its value where there is one.</summary>
    [JsonIgnore]
    public IEnumerable<(string Field, long? Value)> All =>
    [
        ("memory_bytes", MemoryBytes), ("processes", Processes), ("open_files", OpenFiles), ("cpu_seconds", CpuSeconds), ("file_size_bytes", FileSizeBytes),
        ("disk_bytes", DiskBytes),
    ];

    /// <summary>The first limit that asks for more than a worker's greatest; null when all fit.</summary>
    public string? Beyond(ScriptLimits maxima) =>
        All.Zip(maxima.All).FirstOrDefault(pair => pair.First.Value > pair.Second.Value).First.Field;
}
