using System.Globalization;
using Dcron.Storage.Documents.CouchDb;
using Dcron.Tests;
using Dcron.Tests.Node;

namespace Dcron.Benchmarks;

/// <summary>
/// The whole of dcron on CouchDB against the same on SQLite, in turn, in one run; and what a poll costs there. The server is the one that
/// <c>DCRON_TEST_COUCHDB_URL</c> names, with a server admin's user and password in it; the databases made there are dropped again.
/// </summary>
internal static class OnCouchDb
{
    private const int Rounds = 3;
    private const int Parallelism = 2;
    private const int Polls = 300;

    public static async Task RunAsync(string[] args)
    {
        var count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 300;
        var stored = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 100_000;
        if (Options() is not { } options)
        {
            Figures.Title("CouchDB: not measured, since DCRON_TEST_COUCHDB_URL names no server (http://admin:password@127.0.0.1:5984)");
            return;
        }

        await CompareAsync(options, count);
        await PollAsync(options, stored);
    }

    private static async Task CompareAsync(CouchDbOptions options, int count)
    {
        Figures.Title($"CouchDB against SQLite: {count} executions of a one-line Python script, {Parallelism} at a time");
        using var folder = new TempFolder();
        await using var sqlite = await NodeProcess.StartAsync(folder.Of("sqlite"), "--Dcron:Worker:Slots", $"{Parallelism}");
        await using var couch = await NodeProcess.StartAsync(
            folder.Of("couch"), ["--Dcron:Worker:Slots", $"{Parallelism}", .. Settings(options)]);
        const string script = "print('hello')\n";
        var (onSqlite, onCouch) = (await sqlite.UploadAsync("one.py", script), await couch.UploadAsync("one.py", script));
        await Throughput.ThroughDcron(sqlite, onSqlite, count); // warms both up
        await Throughput.ThroughDcron(couch, onCouch, count);
        var (embedded, remote) = (new List<double>(), new List<double>());
        for (var round = 0; round < Rounds; round++)
        {
            embedded.Add(await Throughput.ThroughDcron(sqlite, onSqlite, count));
            remote.Add(await Throughput.ThroughDcron(couch, onCouch, count));
            Figures.Row($"round {round + 1}", $"SQLite {embedded[^1]:F1}/s  CouchDB {remote[^1]:F1}/s  ratio {remote[^1] / embedded[^1]:F3}");
        }

        Figures.Row("median ratio", $"{Figures.Median(embedded.Zip(remote, (s, c) => c / s)):F3}");
    }

    private static async Task PollAsync(CouchDbOptions options, int stored)
    {
        Figures.Title($"On CouchDB: a poll that finds {ManyJobs.Due} due jobs among {stored}");
        await using var store = new CouchDbDocumentStore(options, TimeProvider.System);
        await ManyJobs.FillAsync(store, stored);
        Figures.Row("a poll", $"{await ManyJobs.PollMicroseconds(store, Polls) / 1000:F2} ms");
        await DropAsync(store);
    }

    /// <summary>What a node must be told to keep its documents there.</summary>
    public static string[] Settings(CouchDbOptions options) =>
    [
        "--Dcron:Documents:Provider", "CouchDb", "--Dcron:Documents:CouchDb:Url", options.Url, "--Dcron:Documents:CouchDb:Username", options.Username,
        "--Dcron:Documents:CouchDb:Password", options.Password, "--Dcron:Documents:CouchDb:Database", options.Database,
    ];

    /// <summary>Removes the databases that were made there.</summary>
    public static async Task DropAsync(CouchDbDocumentStore store)
    {
        foreach (var collection in await store.ListCollectionsAsync(""))
        {
            await store.DropCollectionAsync(collection);
        }
    }

    /// <summary>The server that the environment names, with databases of a name of their own; null when it names none.</summary>
    public static CouchDbOptions? Options()
    {
        if (!Uri.TryCreate(Environment.GetEnvironmentVariable("DCRON_TEST_COUCHDB_URL"), UriKind.Absolute, out var url))
        {
            return null;
        }

        var user = url.UserInfo.Split(':', 2);
        return new CouchDbOptions
        {
            Url = url.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped),
            Username = Uri.UnescapeDataString(user[0]),
            Password = Uri.UnescapeDataString(user[^1]),
            Database = $"bench{Guid.NewGuid():N}"[..13],
        };
    }
}
