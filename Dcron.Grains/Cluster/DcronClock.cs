namespace Dcron.Grains.Cluster;

/// <summary>The clock that jobs are planned by. Keyed, so that a test can turn it without turning the clock of Orleans' own loops.</summary>
internal static class DcronClock
{
    public const string Key = "dcron";
}
