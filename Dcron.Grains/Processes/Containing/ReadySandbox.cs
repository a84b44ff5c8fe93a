namespace Dcron.Grains.Processes.Containing;

/// <summary>A sandbox with all that one script has for itself, and nothing of the script yet.</summary>
internal sealed record ReadySandbox
{
    /// <summary>What it is like: one of the same shape will do for any script that needs this shape.</summary>
    public required SandboxShape Shape { get; init; }

    public required WaitingSandbox Process { get; init; }

    /// <summary>Its working folder on the node.</summary>
    public required string Folder { get; init; }

    /// <summary>The folder on the node in which it will find its script.</summary>
    public required string ScriptFolder { get; init; }

    /// <summary>Null where scripts are the node's user.</summary>
    public ScriptUser? User { get; init; }

    /// <summary>Null where none can be made.</summary>
    public ControlGroup? Group { get; init; }
}

/// <summary>What differs between the sandboxes of a worker.</summary>
/// <param name="Readable">Paths beside the system's that its interpreter needs, one a line.</param>
/// <param name="DiskBytes">Size of a working folder in memory; null for one on disk.</param>
internal readonly record struct SandboxShape(string Readable, bool Network, long? DiskBytes)
{
    public static SandboxShape Of(IEnumerable<string> readable, bool network, long? diskBytes = null) => new(string.Join('\n', readable.Distinct()), network, diskBytes);

    public IReadOnlyList<string> Paths => Readable.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
