using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Dcron.Storage.Objects.S3;

namespace Dcron.Tests.Storage.Objects.S3;

/// <summary>A real S3 server on loopback, from Debian's packages (<c>.ci/services</c>). It ends with this process, however that ends.</summary>
internal sealed class ObjectServer : IAsyncDisposable
{
    private const int Ports = 16;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    // Below where systems take ports for connections from.
    private static int _nextPort = 20_000 + (Environment.ProcessId % 500 * 16);

    private static readonly Lazy<Task<ObjectServer>> SharedCeph = new(StartCephAsync);
    private static readonly Lazy<Task<ObjectServer>> SharedSwift = new(() =>
    {
        Needs("swift-proxy swift-account swift-container swift-object memcached", "swift-proxy-server", "swift-object-server", "swift-container-server", "swift-account-server", "memcached");
        return StartAsync("swift.sh");
    });

    private readonly Process _process;
    private readonly Dictionary<string, string> _values = [];

    private ObjectServer(Process process) => _process = process;

    public Uri Endpoint => new(_values["S3_ENDPOINT"]);

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
        AccessKey = _values["S3_ACCESS_KEY"],
        SecretKey = _values["S3_SECRET_KEY"],
    };

    /// <summary>Takes its front door away: connections are refused.</summary>
    public Task CloseAsync() => SayAsync("stop");

    public Task OpenAsync() => SayAsync("start");

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(Patience);
        _process.Dispose();
    }

    private static async Task<ObjectServer> StartAsync(string script)
    {
        var process = Process.Start(new ProcessStartInfo(Path.Join(Repository.Root, ".ci", "services", script), [$"{FreePorts()}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        var server = new ObjectServer(process);
        for (string? line; (line = await process.StandardOutput.ReadLineAsync().WaitAsync(Patience)) != "ready";)
        {
            var pair = (line ?? throw new InvalidOperationException($"{script} ended before the server was ready; what it said is on standard error.")).Split('=', 2);
            server._values[pair[0]] = pair[1];
        }

        return server;
    }

    private async Task SayAsync(string word)
    {
        await _process.StandardInput.WriteLineAsync(word);
        await _process.StandardInput.FlushAsync();
        Assert.Equal(word, await _process.StandardOutput.ReadLineAsync().WaitAsync(Patience));
    }

    private static void Needs(string packages, params string[] programs) => Requirement.Needs(
        OperatingSystem.IsLinux() && programs.All(program => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Join(folder, program)))),
        $"it needs a real server: on Debian 'sudo apt-get install --no-install-recommends {packages}' brings it");

    private static int FreePorts()
    {
        while (true)
        {
            var first = Interlocked.Add(ref _nextPort, Ports) - Ports;
            if (Enumerable.Range(first, Ports).All(IsFree))
            {
                return first;
            }
        }
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
