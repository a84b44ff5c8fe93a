using System.Globalization;
using System.Text;
using Dcron.Storage.Objects;

namespace Dcron.Tests.Storage.Objects;

/// <summary>What every object store must do. Each adapter subclasses it.</summary>
public abstract class ObjectStoreContract : IAsyncLifetime
{
    private const string Text = "text/plain; charset=utf-8";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    protected IObjectStore Store { get; private set; } = null!;

    /// <summary>Whether a reader may find nothing at the moment in which an object is replaced.</summary>
    protected virtual bool MayVanishWhileItIsReplaced => false;

    protected abstract ValueTask<IObjectStore> OpenAsync();

    protected abstract ValueTask CloseAsync();

    public async Task InitializeAsync()
    {
        Store = await OpenAsync();
        await Store.EnsureReadyAsync();
    }

    public async Task DisposeAsync() => await CloseAsync();

    [SkippableTheory]
    [InlineData("x")]
    [InlineData("logs/2026/03/job@20260329T010000Z.log")]
    [InlineData("with space/ünï/%2B+&?#'\"")]
    [InlineData("dots.d/in.d_/all.d__/places.d")]
    [InlineData("a.d/.d/..d/_")]
    public async Task What_is_put_is_read_back(string key)
    {
        await Put(key, "some text\n");

        Assert.Equal("some text\n", await Read(key));
        Assert.Equal([key], await Keys(""));
        Assert.Equal(10, (await Store.StatAsync(At(key)))!.Size);
        Assert.True(await Store.DeleteAsync(At(key)));
        Assert.Null(await Read(key));
    }

    [SkippableFact]
    public async Task An_object_may_be_empty()
    {
        await Put("empty", "");

        Assert.Equal("", await Read("empty"));
        Assert.Equal(0, (await Store.StatAsync(At("empty")))!.Size);
    }

    [SkippableFact]
    public async Task A_missing_object_is_null()
    {
        await Put("some/where", "x");

        foreach (var key in new[] { "missing", "some", "some/where/else", "some/other" })
        {
            Assert.Null(await Store.OpenAsync(At(key)));
            Assert.Null(await Store.StatAsync(At(key)));
            Assert.False(await Store.DeleteAsync(At(key)));
        }

        Assert.Null(await Store.OpenAsync(ObjectLocation.Of("no-such-bucket", "x")));
    }

    [SkippableFact]
    public async Task A_replaced_object_has_another_tag_also_when_its_size_is_the_same()
    {
        var tags = new HashSet<string>();
        for (var n = 0; n < 50; n++)
        {
            await Put("same", string.Create(CultureInfo.InvariantCulture, $"{n:D2}"));
            Assert.True(tags.Add((await Store.StatAsync(At("same")))!.Tag));
            Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"{n:D2}"), await Read("same"));
        }

        Assert.Equal((await Store.StatAsync(At("same")))!.Tag, (await Store.StatAsync(At("same")))!.Tag);
    }

    [SkippableFact]
    public async Task A_stat_tells_when_it_was_put()
    {
        var before = TimeProvider.System.GetUtcNow();
        await Put("x", "x");

        Assert.InRange((await Store.StatAsync(At("x")))!.ModifiedAt, before.AddSeconds(-2), TimeProvider.System.GetUtcNow().AddSeconds(2));
    }

    [SkippableFact]
    public async Task A_file_is_put_as_it_is_at_that_moment()
    {
        using var folder = new TempFolder();
        foreach (var size in new[] { 0, 10, 300_000, 3_000_000 })
        {
            var bytes = new byte[size];
            new Random(size).NextBytes(bytes);
            await File.WriteAllBytesAsync(folder.Of("spool"), bytes);

            await Store.PutFileAsync(At("logs/x"), folder.Of("spool"), Text);
            await File.AppendAllTextAsync(folder.Of("spool"), "more");

            Assert.Equal(bytes, await ReadBytes("logs/x"));
        }
    }

    [SkippableFact]
    public async Task A_taken_file_is_the_object_and_a_file_no_more()
    {
        using var folder = new TempFolder();
        foreach (var size in new[] { 0, 10, 300_000 })
        {
            var bytes = new byte[size];
            new Random(size).NextBytes(bytes);
            await File.WriteAllBytesAsync(folder.Of("spool"), bytes);

            await Store.TakeFileAsync(At("logs/x"), folder.Of("spool"), Text);

            Assert.False(File.Exists(folder.Of("spool")));
            Assert.Equal(bytes, await ReadBytes("logs/x"));
        }

        await Assert.ThrowsAsync<FileNotFoundException>(async () => await Store.TakeFileAsync(At("logs/x"), folder.Of("spool"), Text));
        Assert.Equal(300_000, (await Store.StatAsync(At("logs/x")))!.Size);
    }

    [SkippableTheory]
    [InlineData(0, null, "0123456789")]
    [InlineData(3, null, "3456789")]
    [InlineData(3, 4L, "3456")]
    [InlineData(0, 0L, "")]
    [InlineData(8, 100L, "89")]
    [InlineData(10, null, "")]
    [InlineData(1000, 5L, "")]
    public async Task A_part_can_be_read(long from, long? length, string expected)
    {
        await Put("digits", "0123456789");

        await using var content = await Store.OpenAsync(At("digits"), new ByteRange(from, length));

        Assert.Equal(10, content!.TotalSize);
        Assert.Equal(expected, await new StreamReader(content.Stream).ReadToEndAsync());
    }

    [SkippableFact]
    public async Task A_key_and_keys_below_it_can_all_be_objects()
    {
        foreach (var key in new[] { "a", "a/b", "a/b/c", "a.d", "a.d/b", "a.d_", "a_" })
        {
            await Put(key, "content of " + key);
        }

        foreach (var key in await Keys(""))
        {
            Assert.Equal("content of " + key, await Read(key));
        }

        Assert.Equal(["a", "a.d", "a.d/b", "a.d_", "a/b", "a/b/c", "a_"], await Keys(""));
    }

    [SkippableFact]
    public async Task Keys_are_listed_in_byte_order_below_a_prefix()
    {
        string[] keys = ["a", "a-b", "a/b", "a/b/c", "a/c", "a0", "ab", "b/x", "B", "ä", "\uFFFD", "😀", "a/😀", "a/\uFFFD/x"];
        foreach (var key in keys)
        {
            await Put(key, key);
        }

        string[] sorted = [.. keys.OrderBy(k => Convert.ToHexString(Encoding.UTF8.GetBytes(k)), StringComparer.Ordinal)];
        foreach (var prefix in new[] { "", "a", "a/", "a/b", "a/b/", "b", "nothing", "a/b/c", "a//", "../", "😀" })
        {
            Assert.Equal(sorted.Where(k => k.StartsWith(prefix, StringComparison.Ordinal)), await Keys(prefix));
        }
    }

    [SkippableFact]
    public async Task A_listing_tells_what_stat_tells()
    {
        await Put("a/x", "12345");

        await foreach (var listed in Store.ListAsync(Store.DefaultBucket, "a"))
        {
            Assert.Equal(await Store.StatAsync(At("a/x")), listed);
        }
    }

    [SkippableFact]
    public async Task A_bucket_that_does_not_exist_lists_as_empty()
    {
        await foreach (var stat in Store.ListAsync("no-such-bucket", ""))
        {
            Assert.Fail($"{stat}");
        }
    }

    [SkippableFact]
    public async Task Readers_see_the_old_or_the_new_object_and_never_a_mixture()
    {
        string[] contents = [.. Enumerable.Range(0, 4).Select(n => new string((char)('a' + n), 20_000 + n))];
        await Put("shared", contents[0]);
        using var done = new CancellationTokenSource();

        var readers = Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            while (!done.IsCancellationRequested)
            {
                var read = await Read("shared");
                Assert.True(contents.Contains(read) || (read is null && MayVanishWhileItIsReplaced), read);
            }
        })).ToArray();
        await Task.WhenAll(contents.Select(c => Task.Run(async () =>
        {
            for (var n = 0; n < 10; n++)
            {
                await Put("shared", c);
            }
        }))).WaitAsync(Patience);
        await done.CancelAsync();

        await Task.WhenAll(readers).WaitAsync(Patience);
    }

    [SkippableFact]
    public async Task Putting_and_deleting_neighbours_at_once_loses_nothing()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(writer => Task.Run(async () =>
        {
            for (var n = 0; n < 25; n++)
            {
                var key = string.Create(CultureInfo.InvariantCulture, $"deep/er/{writer}");
                await Put(key, key);
                Assert.Equal(key, await Read(key));
                Assert.True(await Store.DeleteAsync(At(key)));
            }
        }))).WaitAsync(Patience);

        Assert.Empty(await Keys(""));
    }

    [SkippableFact]
    public async Task An_open_object_can_be_read_to_its_end_after_it_was_replaced()
    {
        await Put("x", new string('a', 100_000));
        await using var content = await Store.OpenAsync(At("x"));
        Assert.Equal('a', (char)content!.Stream.ReadByte());

        await Put("x", "short");

        Assert.Equal(new string('a', 99_999), await new StreamReader(content.Stream).ReadToEndAsync());
    }

    [SkippableFact]
    public async Task Being_ready_can_be_ensured_again()
    {
        await Put("x", "x");
        await Store.EnsureReadyAsync();
        await Store.PingAsync();

        Assert.Equal("x", await Read("x"));
    }

    [SkippableFact]
    public async Task Longest_keys_work()
    {
        var key = $"{new string('a', 250)}/{new string('b', 248)}.d/{new string('c', 250)}/{new string('d', 248)}.d";
        await Put(key, "x");

        Assert.Equal([key], await Keys(new string('a', 250)));
    }

    protected ObjectLocation At(string key) => ObjectLocation.Of(Store.DefaultBucket, key);

    protected ValueTask Put(string key, string content) => Store.PutAsync(At(key), Encoding.UTF8.GetBytes(content), Text);

    protected async Task<string?> Read(string key) => await ReadBytes(key) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

    private async Task<byte[]?> ReadBytes(string key)
    {
        await using var content = await Store.OpenAsync(At(key));
        if (content is null)
        {
            return null;
        }

        using var bytes = new MemoryStream();
        await content.Stream.CopyToAsync(bytes);
        Assert.Equal(content.TotalSize, bytes.Length);
        return bytes.ToArray();
    }

    private async Task<List<string>> Keys(string prefix)
    {
        var keys = new List<string>();
        await foreach (var stat in Store.ListAsync(Store.DefaultBucket, prefix))
        {
            keys.Add(stat.Location.Key);
        }

        return keys;
    }
}
