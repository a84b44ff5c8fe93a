namespace Dcron.Grains.Workers;

/// <summary>The lease under which scripts run: renewed while their silo is alive, and their end when it is not.</summary>
internal static class ScriptLease
{
    /// <summary>Long enough for a machine under full load, short enough that a hung silo's scripts end before others take over.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(10);

    public static readonly TimeSpan RenewalPeriod = TimeSpan.FromSeconds(1);
}
