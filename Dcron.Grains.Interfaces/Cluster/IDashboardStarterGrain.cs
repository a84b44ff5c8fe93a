namespace Dcron.Grains.Cluster;

/// <summary>Lets a silo begin to collect what the Orleans dashboard shows. Its key is the silo's address.</summary>
[Alias("dcron.IDashboardStarterGrain")]
public interface IDashboardStarterGrain : IGrainWithStringKey
{
    /// <summary>Does nothing when it was called before.</summary>
    [Alias("start")]
    Task Start();
}
