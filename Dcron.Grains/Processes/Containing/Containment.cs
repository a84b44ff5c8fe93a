using Dcron.Grains.Containing;

namespace Dcron.Grains.Processes.Containing;

/// <summary>What holds one script in.</summary>
internal sealed record Containment
{
    /// <summary>The sandbox that waits for it; null for none.</summary>
    public WaitingSandbox? Sandbox { get; init; }

    /// <summary>Null to stay the node's user.</summary>
    public ScriptUser? User { get; init; }

    /// <summary>Absolute path of <c>setpriv</c>; null where no other user is asked for.</summary>
    public string? Setpriv { get; init; }

    public ScriptLimits Limits { get; init; } = ScriptLimits.None;

    /// <summary>Counts and limits all processes together; null where none can be made.</summary>
    public ControlGroup? Group { get; init; }

    /// <summary>False where the limit on processes would count those of others.</summary>
    public bool LimitsProcesses { get; init; } = true;
}

/// <summary>A user that a script runs as.</summary>
internal readonly record struct ScriptUser(uint Id, uint GroupId);
