using Dcron.Grains.Containing;

namespace Dcron.Grains.Workers;

/// <summary>Whether scripts run in a sandbox.</summary>
public enum SandboxMode
{
    /// <summary>Where bubblewrap works.</summary>
    Auto,

    /// <summary>Always: a node on which it does not work refuses to start.</summary>
    Require,

    /// <summary>Never.</summary>
    Off,
}

/// <summary>Limits under <c>Dcron:Worker:Limits</c> (the greatest that a job may ask for) and <c>Dcron:Worker:DefaultLimits</c> (for jobs that ask for none).</summary>
public sealed class LimitOptions
{
    /// <summary>Bytes of memory, from 1 MiB. Default: no limit.</summary>
    public long? MemoryBytes { get; set; }

    /// <summary>Processes and threads at once. Default: 512 for jobs that ask for none, 4096 at most.</summary>
    public int? Processes { get; set; }

    /// <summary>Files open at once in one process, from 16. Default: 1024 for jobs that ask for none, 65536 at most.</summary>
    public int? OpenFiles { get; set; }

    /// <summary>Seconds of processor time of one process. Default: no limit.</summary>
    public int? CpuSeconds { get; set; }

    /// <summary>Bytes of one file. Default: no limit.</summary>
    public long? FileSizeBytes { get; set; }

    /// <summary>Bytes of all files in the working folder together, from 1 MiB; the folder then lies in memory. For a node that is root. Default: no limit.</summary>
    public long? DiskBytes { get; set; }

    internal ScriptLimits ToLimits() => new()
    {
        MemoryBytes = MemoryBytes,
        Processes = Processes,
        OpenFiles = OpenFiles,
        CpuSeconds = CpuSeconds,
        FileSizeBytes = FileSizeBytes,
        DiskBytes = DiskBytes,
    };
}
