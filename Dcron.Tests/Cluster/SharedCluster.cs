using Dcron.Tests.Node;

namespace Dcron.Tests.Cluster;

/// <summary>Three silos and a front-end for all tests that harm none of them. Each silo has two slots and the label <c>silo</c>: 0, 1 or 2.</summary>
public sealed class SharedCluster : IAsyncLifetime
{
    private readonly TempFolder _folder = new();

    public ClusterProcesses Silos { get; private set; } = null!;

    /// <summary>Has no silo, no worker and no data of its own.</summary>
    public NodeProcess FrontEnd { get; private set; } = null!;

    public string FileOf(string name) => _folder.Of(name);

    public async Task InitializeAsync()
    {
        var data = _folder.Of("data");
        Silos = new ClusterProcesses([.. Enumerable.Range(0, 3).Select(i => new NodeProcess(
            data, "--Dcron:Worker:Slots", "2", "--Dcron:Worker:Labels:silo", $"{i}", "--Dcron:Worker:StopGraceSeconds", "1",
            "--Dcron:Worker:WritablePaths:0", _folder.Path))]);
        FrontEnd = new NodeProcess(data) { Program = "Dcron.Api" };
        await Task.WhenAll(Silos.StartAsync(), FrontEnd.StartAgainAsync());
    }

    public async Task DisposeAsync()
    {
        await FrontEnd.DisposeAsync();
        await Silos.DisposeAsync();
        _folder.Dispose();
    }
}

[CollectionDefinition(Name)]
public sealed class SharedClusterCollection : ICollectionFixture<SharedCluster>
{
    public const string Name = "shared cluster";
}
