using System.Text;
using Dcron.Storage.Objects;
using Dcron.Storage.Objects.Folder;

namespace Dcron.Tests.Storage.Objects;

public sealed class FolderObjectStoreTests : ObjectStoreContract
{
    private readonly TempFolder _folder = new();
    private FolderObjectStore? _store;

    protected override ValueTask<IObjectStore> OpenAsync() => new(_store = new FolderObjectStore(_folder.Of("objects"), "dcron", TimeProvider.System));

    protected override ValueTask CloseAsync()
    {
        _store!.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Empty_folders_do_not_stay_behind()
    {
        await Put("a/b/c", "x");
        await Put("a/d", "x");

        await Store.DeleteAsync(At("a/b/c"));
        Assert.Equal([_folder.Of("objects", "dcron", "a.d")], Directory.GetDirectories(_folder.Of("objects", "dcron")));
        Assert.Empty(Directory.GetDirectories(_folder.Of("objects", "dcron", "a.d")));

        await Store.DeleteAsync(At("a/d"));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Of("objects", "dcron")));
    }

    [Fact]
    public async Task A_file_keeps_its_name_and_lies_where_the_key_says()
    {
        await Put("scripts/backup.py", "print()");

        Assert.Equal("print()", await File.ReadAllTextAsync(_folder.Of("objects", "dcron", "scripts.d", "backup.py")));
    }

    [Fact]
    public async Task Nothing_is_left_of_a_put_but_the_object()
    {
        await Put("x", "x");
        await Assert.ThrowsAsync<FileNotFoundException>(async () => await Store.PutFileAsync(At("y"), _folder.Of("missing"), "text/plain"));

        Assert.Equal(["x"], Directory.GetFiles(_folder.Of("objects"), "*", SearchOption.AllDirectories)
            .Where(f => !f.EndsWith(".lock", StringComparison.Ordinal)).Select(Path.GetFileName));
    }

    [Fact]
    public async Task What_a_dead_process_left_is_removed_and_what_a_living_one_uses_stays()
    {
        await Put("x", "x"); // the store has its own folder now
        var mine = Assert.Single(Directory.GetDirectories(_folder.Of("objects", ".tmp")));
        Directory.CreateDirectory(_folder.Of("objects", ".tmp", "dead"));
        await File.WriteAllTextAsync(_folder.Of("objects", ".tmp", "dead", "1"), "half a log");
        await File.WriteAllTextAsync(_folder.Of("objects", ".tmp", "dead.lock"), "");

        using var other = new FolderObjectStore(_folder.Of("objects"), "dcron", TimeProvider.System);
        await other.EnsureReadyAsync();
        await Put("y", "y");

        var left = Directory.GetDirectories(_folder.Of("objects", ".tmp"));
        Assert.Contains(mine, left);
        Assert.DoesNotContain(_folder.Of("objects", ".tmp", "dead"), left);
    }

    [SkippableFact]
    public async Task Links_out_of_the_folder_are_not_followed()
    {
        Skip.If(OperatingSystem.IsWindows(), "links need rights of their own on Windows");
        Directory.CreateDirectory(_folder.Of("outside"));
        await File.WriteAllTextAsync(_folder.Of("outside", "secret"), "secret");
        await Put("x", "x");
        File.CreateSymbolicLink(_folder.Of("objects", "dcron", "file"), _folder.Of("outside", "secret"));
        Directory.CreateSymbolicLink(_folder.Of("objects", "dcron", "dir.d"), _folder.Of("outside"));
        Directory.CreateSymbolicLink(_folder.Of("objects", "other"), _folder.Of("outside"));

        Assert.Null(await Store.OpenAsync(At("file")));
        Assert.Null(await Store.StatAsync(At("dir/secret")));
        Assert.False(await Store.DeleteAsync(At("dir/secret")));
        Assert.Null(await Store.OpenAsync(ObjectLocation.Of("other", "secret")));
        await Assert.ThrowsAsync<ObjectStoreUnavailableException>(async () => await Put("dir/new", "x"));
        await Assert.ThrowsAsync<ObjectStoreUnavailableException>(async () => await Put("file", "x"));
        var keys = new List<string>();
        foreach (var bucket in new[] { "dcron", "other" })
        {
            await foreach (var stat in Store.ListAsync(bucket, ""))
            {
                keys.Add(stat.Location.Key);
            }
        }

        Assert.Equal(["x"], keys);
        Assert.Equal("secret", await File.ReadAllTextAsync(_folder.Of("outside", "secret")));
        Assert.Single(Directory.GetFiles(_folder.Of("outside")));
    }

    [SkippableFact]
    public async Task A_file_of_another_file_system_can_be_taken_too()
    {
        using var disk = new TinyDisk(512);
        await File.WriteAllTextAsync(disk.Of("spool"), "log");

        await Store.TakeFileAsync(At("x"), disk.Of("spool"), "text/plain");

        Assert.Equal("log", await Read("x"));
        Assert.False(File.Exists(disk.Of("spool")));
    }

    [SkippableFact]
    public async Task What_a_link_leads_to_is_taken_as_a_copy()
    {
        Skip.If(OperatingSystem.IsWindows(), "links need rights of their own on Windows");
        await File.WriteAllTextAsync(_folder.Of("real"), "log");
        File.CreateSymbolicLink(_folder.Of("link"), _folder.Of("real"));

        await Store.TakeFileAsync(At("x"), _folder.Of("link"), "text/plain");

        Assert.Equal("log", await Read("x"));
        Assert.Equal("log", await File.ReadAllTextAsync(_folder.Of("real")));
    }

    [Fact]
    public async Task There_are_no_urls()
    {
        Assert.Null(await Store.PresignAsync(At("x"), PresignedVerb.Get, TimeSpan.FromMinutes(1)));
    }

    [SkippableFact]
    public async Task A_full_disk_is_told_and_got_over_and_the_old_object_stays()
    {
        using var disk = new TinyDisk(512);
        using var store = new FolderObjectStore(disk.Of("objects"), "dcron", TimeProvider.System);
        await store.EnsureReadyAsync();
        await store.PutAsync(At("x"), "old"u8.ToArray(), "text/plain");
        disk.Fill();

        var error = await Assert.ThrowsAsync<ObjectStoreUnavailableException>(async () => await store.PutAsync(At("x"), new byte[100_000], "text/plain"));
        Assert.Contains("full", error.Message, StringComparison.Ordinal);
        Assert.Contains(disk.Of("objects"), error.Message, StringComparison.Ordinal);
        disk.Free();

        await using (var content = await store.OpenAsync(At("x")))
        {
            Assert.Equal("old", await new StreamReader(content!.Stream, Encoding.UTF8).ReadToEndAsync());
        }

        await store.PutAsync(At("x"), new byte[100_000], "text/plain");
        Assert.Equal(100_000, (await store.StatAsync(At("x")))!.Size);
    }

    [SkippableFact]
    public async Task A_read_only_folder_is_told_when_the_store_is_made_ready()
    {
        using var disk = new TinyDisk(512);
        Directory.CreateDirectory(disk.Of("objects", "dcron"));
        disk.MakeReadOnly();
        using var store = new FolderObjectStore(disk.Of("objects"), "dcron", TimeProvider.System);

        var error = await Assert.ThrowsAsync<ObjectStoreUnavailableException>(async () => await store.EnsureReadyAsync());
        Assert.Contains("read-only", error.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ObjectStoreUnavailableException>(async () => await store.PutAsync(At("x"), new byte[1], "text/plain"));
        disk.MakeWritable();
        await store.EnsureReadyAsync();
    }

    [Fact]
    public async Task A_folder_that_is_a_file_is_told()
    {
        await File.WriteAllTextAsync(_folder.Of("file"), "in the way");
        using var store = new FolderObjectStore(_folder.Of("file"), "dcron", TimeProvider.System);

        var error = await Assert.ThrowsAsync<ObjectStoreUnavailableException>(async () => await store.EnsureReadyAsync());
        Assert.Contains("Dcron:DataPath", error.Message, StringComparison.Ordinal);
    }
}
