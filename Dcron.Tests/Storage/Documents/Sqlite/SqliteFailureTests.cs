using System.Globalization;
using Dcron.Storage.Documents;
using Dcron.Storage.Documents.Sqlite;
using Microsoft.Data.Sqlite;

namespace Dcron.Tests.Storage.Documents.Sqlite;

/// <summary>Killed processes, full disks, locks: nothing acknowledged is lost, and the store says what is wrong and goes on.</summary>
public sealed class SqliteFailureTests
{
    private const string Things = "things";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Two_processes_killed_while_they_write_lose_nothing_that_was_acknowledged()
    {
        await using var sqlite = new SqliteFixture();
        using var first = WritingProgram.Start(sqlite.DatabasePath);
        using var second = WritingProgram.Start(sqlite.DatabasePath);

        List<string>[] acknowledged;
        try
        {
            acknowledged = await Task.WhenAll(ReadThenKill(first), ReadThenKill(second)).WaitAsync(Patience);
        }
        finally
        {
            first.Kill();
            second.Kill();
        }

        var store = sqlite.Open();
        foreach (var line in acknowledged.SelectMany(lines => lines))
        {
            var (id, revision) = (line.Split(' ')[0], line.Split(' ')[1]);
            Assert.Equal(revision, (await store.GetAsync(WritingProgram.Collection, id))?.Revision);
        }

        static async Task<List<string>> ReadThenKill(System.Diagnostics.Process process)
        {
            var lines = new List<string>();
            while (lines.Count < 300 && await process.StandardOutput.ReadLineAsync() is { } line)
            {
                lines.Add(line);
            }

            Assert.Equal(300, lines.Count);
            process.Kill();

            // What it had printed before it died counts as well, but for a line cut in half.
            var rest = await process.StandardOutput.ReadToEndAsync();
            lines.AddRange(rest.Split('\n')[..^1]);
            return lines;
        }
    }

    [Fact]
    public async Task Two_stores_on_one_file_see_each_others_documents_and_collections()
    {
        await using var sqlite = new SqliteFixture();
        var (one, two) = (sqlite.Open(), sqlite.Open());
        await one.EnsureCollectionAsync(new CollectionDefinition(Things, []));
        var revision = (await one.WriteAsync(Things, Json.Create("a", new { x = "1" }))).Revision();

        Assert.Equal(revision, (await two.GetAsync(Things, "a"))!.Revision);
        Assert.IsType<WriteResult.Conflict>(await two.WriteAsync(Things, Json.Create("a", new { x = "2" })));

        await two.EnsureCollectionAsync(new CollectionDefinition(Things, [new IndexDefinition("by_x", "x")]));
        await one.WriteAsync(Things, Json.Create("b", new { x = "2" }));
        Assert.Equal(["a", "b"], (await one.QueryAsync(Things, new IndexQuery("by_x"))).Rows.Select(r => r.Id));

        await one.EnsureCollectionAsync(new CollectionDefinition(Things, [new IndexDefinition("by_x", "y", "x")]));
        Assert.Empty((await two.QueryAsync(Things, new IndexQuery("by_x"))).Rows);

        Assert.True(await two.DropCollectionAsync(Things));
        Assert.Null(await one.GetAsync(Things, "a"));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await one.WriteAsync(Things, Json.Create("c", new { })));
        await one.EnsureCollectionAsync(new CollectionDefinition(Things, []));
        await two.WriteAsync(Things, Json.Create("a", new { }));
        Assert.NotNull(await one.GetAsync(Things, "a"));
    }

    [Fact]
    public async Task Of_writers_in_two_stores_on_one_file_one_wins_each_race()
    {
        await using var sqlite = new SqliteFixture();
        IDocumentStore[] stores = [sqlite.Open(), sqlite.Open()];
        await Task.WhenAll(stores.Select(s => s.EnsureCollectionAsync(new CollectionDefinition(Things, [])).AsTask()));

        for (var round = 0; round < 30; round++)
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"race-{round}");
            var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(n =>
                Task.Run(async () => await stores[n % 2].WriteAsync(Things, Json.Create(id, new { n }))))).WaitAsync(Patience);
            Assert.Single(results, r => r is WriteResult.Written);
        }
    }

    [Fact]
    public async Task A_reopened_store_holds_what_was_written_and_gives_no_revision_twice()
    {
        await using var sqlite = new SqliteFixture();
        var first = sqlite.Open();
        await first.EnsureCollectionAsync(new CollectionDefinition(Things, []));
        var created = (await first.WriteAsync(Things, Json.Create("a", new { }))).Revision();
        var deleted = (await first.WriteAsync(Things, new DocumentWrite.Delete("a", created))).Revision();
        await first.DisposeAsync();

        var second = sqlite.Open();
        var again = (await second.WriteAsync(Things, Json.Create("a", new { }))).Revision();

        Assert.DoesNotContain(again, new[] { created, deleted });
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await first.GetAsync(Things, "a"));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await first.WriteAsync(Things, Json.Create("b", new { })));
    }

    [Fact]
    public async Task Closing_finishes_the_writes_that_wait()
    {
        await using var sqlite = new SqliteFixture();
        var store = sqlite.Open();
        await store.EnsureCollectionAsync(new CollectionDefinition(Things, []));

        var writes = Enumerable.Range(0, 200).Select(n => store.WriteAsync(Things, Json.Create($"d{n}", new { n })).AsTask()).ToArray();
        await store.DisposeAsync();

        Assert.All(await Task.WhenAll(writes).WaitAsync(Patience), r => Assert.IsType<WriteResult.Written>(r));
    }

    [Fact]
    public async Task A_lock_held_too_long_by_another_process_is_told_and_the_next_write_works()
    {
        await using var sqlite = new SqliteFixture();
        var store = sqlite.Open(TimeSpan.FromMilliseconds(50));
        await store.EnsureCollectionAsync(new CollectionDefinition(Things, []));

        using (var other = new SqliteConnection($"Data Source={sqlite.DatabasePath};Pooling=False"))
        {
            other.Open();
            using var transaction = other.BeginTransaction(deferred: false);
            var error = await Assert.ThrowsAsync<DocumentStoreUnavailableException>(async () => await store.WriteAsync(Things, Json.Create("a", new { })));
            Assert.Contains("another process", error.Message, StringComparison.Ordinal);
            Assert.Null(await store.GetAsync(Things, "a")); // readers don't mind
        }

        Assert.IsType<WriteResult.Written>(await store.WriteAsync(Things, Json.Create("a", new { })));
    }

    [SkippableFact]
    public async Task A_full_disk_fails_the_writes_keeps_what_was_acknowledged_and_is_got_over()
    {
        using var disk = new TinyDisk(4096);
        await using var store = new SqliteDocumentStore(disk.Of("dcron.db"), TimeSpan.FromSeconds(5));
        await store.EnsureCollectionAsync(new CollectionDefinition(Things, []));
        await store.WriteAsync(Things, Json.Create("before", new { }));
        disk.Fill();

        var body = Json.Body(new { text = new string('x', 3000) });
        var acknowledged = new List<string>();
        Exception? error = null;
        for (var n = 0; n < 10_000 && error is null; n += 10)
        {
            var writes = Enumerable.Range(n, 10).Select(i => (Id: $"d{i}", Task: store.WriteAsync(Things, new DocumentWrite.Create($"d{i}", body)).AsTask())).ToArray();
            error = await Record.ExceptionAsync(() => Task.WhenAll(writes.Select(w => w.Task)));
            acknowledged.AddRange(writes.Where(w => w.Task.IsCompletedSuccessfully).Select(w => w.Id));
        }

        Assert.Contains("the disk is full", Assert.IsType<DocumentStoreUnavailableException>(error).Message, StringComparison.Ordinal);
        Assert.NotNull(await store.GetAsync(Things, "before"));
        disk.Free();

        Assert.IsType<WriteResult.Written>(await store.WriteAsync(Things, Json.Create("after", new { })));
        Assert.DoesNotContain(null, await store.GetManyAsync(Things, acknowledged));
    }

    [SkippableFact]
    public async Task A_read_only_folder_is_told()
    {
        using var disk = new TinyDisk(1024);
        disk.MakeReadOnly();
        await using var store = new SqliteDocumentStore(disk.Of("data", "dcron.db"), TimeSpan.FromSeconds(5));

        var error = await Assert.ThrowsAsync<DocumentStoreUnavailableException>(async () => await store.PingAsync());
        Assert.Contains(disk.Path, error.Message, StringComparison.Ordinal);
        disk.MakeWritable();
        await store.PingAsync();
    }

    [Fact]
    public async Task A_folder_that_is_a_file_is_told()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder.Of("file"), "in the way");
        await using var store = new SqliteDocumentStore(folder.Of("file", "dcron.db"), TimeSpan.FromSeconds(5));

        var error = await Assert.ThrowsAsync<DocumentStoreUnavailableException>(async () => await store.GetAsync(Things, "a"));
        Assert.Contains("Dcron:DataPath", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_told_and_left_as_it_is()
    {
        using var folder = new TempFolder();
        var text = string.Concat(Enumerable.Repeat("this is no database\n", 500));
        await File.WriteAllTextAsync(folder.Of("dcron.db"), text);
        await using var store = new SqliteDocumentStore(folder.Of("dcron.db"), TimeSpan.FromSeconds(5));

        var error = await Assert.ThrowsAsync<DocumentStoreUnavailableException>(async () => await store.GetAsync(Things, "a"));
        Assert.Contains("no database", error.Message, StringComparison.Ordinal);
        Assert.Equal(text, await File.ReadAllTextAsync(folder.Of("dcron.db")));
    }

    [Fact]
    public async Task A_database_of_a_newer_dcron_is_refused()
    {
        await using var sqlite = new SqliteFixture();
        await sqlite.Open().PingAsync();
        using (var other = new SqliteConnection($"Data Source={sqlite.DatabasePath};Pooling=False"))
        {
            other.Open();
            using var command = other.CreateCommand();
            command.CommandText = "UPDATE dcron_meta SET schema = schema + 1";
            command.ExecuteNonQuery();
        }

        var error = await Assert.ThrowsAsync<DocumentStoreUnavailableException>(async () => await sqlite.Open().PingAsync());
        Assert.Contains("newer dcron", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task The_file_is_readable_by_its_owner_only()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no file modes");
        await using var sqlite = new SqliteFixture();
        var store = sqlite.Open();
        await store.EnsureCollectionAsync(new CollectionDefinition(Things, []));

        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(sqlite.DatabasePath)!))
        {
#pragma warning disable CA1416 // not on Windows, as said above
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
#pragma warning restore CA1416
        }
    }
}
