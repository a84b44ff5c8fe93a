using Dcron.Storage.Objects.S3;

namespace Dcron.Tests.Storage.Objects.S3;

/// <summary>A real S3 server, from Debian's packages.</summary>
internal sealed class ObjectServer : IAsyncDisposable
{
    private static readonly Lazy<Task<ObjectServer>> SharedCeph = new(StartCephAsync);
    private static readonly Lazy<Task<ObjectServer>> SharedSwift = new(() =>
    {
        Needs("swift-proxy swift-account swift-container swift-object memcached", "swift-proxy-server", "swift-object-server", "swift-container-server", "swift-account-server", "memcached");
        return StartAsync("swift.sh");
    });

    private readonly ServiceProcess _service;

    private ObjectServer(ServiceProcess service) => _service = service;

    public Uri Endpoint => new(_service["S3_ENDPOINT"]);

    /// <summary>Shared by all tests of this run: each takes buckets of its own, and lets it run.</summary>
    public static Task<ObjectServer> CephAsync() => SharedCeph.Value;

    /// <summary>Shared by all tests of this run: each takes buckets of its own, and lets it run.</summary>
    public static Task<ObjectServer> SwiftAsync() => SharedSwift.Value;

    /// <summary>One of its own, for tests that stop it.</summary>
    public static Task<ObjectServer> StartCephAsync()
    {
        Needs("ceph-mon ceph-osd radosgw", "ceph-mon", "ceph-osd", "radosgw", "ceph", "radosgw-admin");
        return StartAsync("ceph.sh");
    }

    public static string NewBucket() => $"dcron-{Guid.NewGuid():N}";

    /// <summary>Valid settings, with a bucket that does not exist yet.</summary>
    public S3Options Options(Uri? endpoint = null) => new()
    {
        Endpoint = (endpoint ?? Endpoint).AbsoluteUri,
        Bucket = NewBucket(),
        AccessKey = _service["S3_ACCESS_KEY"],
        SecretKey = _service["S3_SECRET_KEY"],
    };

    /// <summary>Takes its front door away: connections are refused.</summary>
    public Task CloseAsync() => _service.SayAsync("stop");

    public Task OpenAsync() => _service.SayAsync("start");

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    private static async Task<ObjectServer> StartAsync(string script) => new(await ServiceProcess.StartAsync(script));

    private static void Needs(string packages, params string[] programs) => Requirement.Needs(
        OperatingSystem.IsLinux() && programs.All(ServiceProcess.HasProgram),
        $"it needs a real server: on Debian 'sudo apt-get install --no-install-recommends {packages}' brings it");
}
