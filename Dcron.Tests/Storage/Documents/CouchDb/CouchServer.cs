using System.Text.Json;
using Dcron.Storage.Documents.CouchDb;

namespace Dcron.Tests.Storage.Documents.CouchDb;

/// <summary>
/// A CouchDB for tests: the one that <c>DCRON_TEST_COUCHDB_URL</c> names (with user and password in it), or one started from <c>/opt/couchdb</c>, or in
/// Docker. No package source of Debian or NuGet offers it, so tests that need it are skipped where it is missing, also on CI;
/// there pouchdb-server stands in, which is no CouchDB.
/// </summary>
internal sealed class CouchServer : IAsyncDisposable
{
    private const string UrlVariable = "DCRON_TEST_COUCHDB_URL";
    private const string PouchVariable = "DCRON_TEST_POUCHDB_SERVER";

    private static readonly Lazy<Task<CouchServer>> SharedSingle = new(() =>
        Environment.GetEnvironmentVariable(UrlVariable) is { Length: > 0 } url ? Task.FromResult(new CouchServer(new Uri(url))) : StartAsync());

    private static readonly Lazy<Task<CouchServer>> SharedCluster = new(() => StartAsync("3"));

    private static readonly Lazy<Task<CouchServer>> SharedPouch = new(async () =>
    {
        Requirement.Needs(
            File.Exists(Environment.GetEnvironmentVariable(PouchVariable)),
            $"it needs pouchdb-server: npm install --ignore-scripts pouchdb-server@4.2.0, and {PouchVariable} naming node_modules/.bin/pouchdb-server");
        return new CouchServer(await ServiceProcess.StartAsync("pouchdb.sh"));
    });

    private readonly ServiceProcess? _service;
    private readonly string _user;
    private readonly string _password;

    private CouchServer(Uri url)
    {
        var user = url.UserInfo.Split(':', 2);
        (_user, _password) = (Uri.UnescapeDataString(user[0]), Uri.UnescapeDataString(user[^1]));
        Url = new Uri(url.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped));
    }

    private CouchServer(ServiceProcess service)
    {
        _service = service;
        (_user, _password) = (service["COUCHDB_USER"], service["COUCHDB_PASSWORD"]);
        Url = new Uri($"http://127.0.0.1:{service.Port}");
    }

    /// <summary>Whether tests can have one of their own, to stop and to kill.</summary>
    public static bool IsInstalled => OperatingSystem.IsLinux() && File.Exists("/opt/couchdb/bin/couchdb");

    public Uri Url { get; }

    /// <summary>One node. Shared by all tests of this run: each takes databases of its own, and lets it run.</summary>
    public static Task<CouchServer> SingleAsync() => SharedSingle.Value;

    /// <summary>Three nodes. Shared like the one.</summary>
    public static Task<CouchServer> ClusterAsync() => SharedCluster.Value;

    /// <summary>pouchdb-server. Shared like the others.</summary>
    public static Task<CouchServer> PouchAsync() => SharedPouch.Value;

    /// <summary>One node where there is a CouchDB, otherwise pouchdb-server: for what both can do.</summary>
    public static Task<CouchServer> AnyAsync() => Environment.GetEnvironmentVariable(UrlVariable) is { Length: > 0 } || IsInstalled || Lazily.HasDocker ? SingleAsync() : PouchAsync();

    /// <summary>One of its own, for tests that stop it.</summary>
    /// <param name="nodes">How many.</param>
    /// <param name="folder">Where it keeps its data; null for a folder that is deleted with it.</param>
    public static async Task<CouchServer> StartAsync(string nodes = "1", string? folder = null)
    {
        Skip.IfNot(
            IsInstalled || (nodes == "1" && folder is null && Lazily.HasDocker),
            $"there is no CouchDB{(nodes == "1" ? $", neither in /opt/couchdb nor by {UrlVariable} nor in Docker" : " in /opt/couchdb")}; no package source offers it, so this is skipped on CI, too");
        return new CouchServer(await ServiceProcess.StartAsync("couchdb.sh", [nodes, .. folder is null ? Array.Empty<string>() : [folder]]));
    }

    /// <summary>Valid settings, with databases that nobody else has.</summary>
    public CouchDbOptions Options(Uri? url = null) => new()
    {
        Url = (url ?? Url).AbsoluteUri,
        Username = _user,
        Password = _password,
        Database = $"t{Guid.NewGuid():N}"[..13],
        TimeoutSeconds = 90, // busy machines are slow; tests that wait for it set their own
    };

    /// <summary>A node of the cluster, from 1.</summary>
    public Uri Node(int number) => new($"http://127.0.0.{number}:{Url.Port}");

    public Task StopAsync() => _service!.SayAsync("stop");

    public Task StartAgainAsync() => _service!.SayAsync("start");

    public Task KillAsync() => _service!.SayAsync("kill");

    public Task KillSecondAsync() => _service!.SayAsync("kill2");

    public Task StartSecondAsync() => _service!.SayAsync("start2");

    /// <summary>Asks it directly.</summary>
    public async Task<JsonElement> AskAsync(HttpMethod method, string path, string? body = null, string contentType = "application/json")
    {
        using var client = new HttpClient { BaseAddress = Url };
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Authorization = new("Basic", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{_user}:{_password}")));
        request.Content = body is null ? null : new StringContent(body, System.Text.Encoding.UTF8, contentType);
        using var response = await client.SendAsync(request);
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;
    }

    public ValueTask DisposeAsync() => _service?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static class Lazily
    {
        public static readonly bool HasDocker = Find();

        private static bool Find()
        {
            try
            {
                using var docker = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("docker", ["info"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
                docker.StandardOutput.ReadToEnd();
                docker.WaitForExit();
                return docker.ExitCode == 0;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                return false;
            }
        }
    }
}
