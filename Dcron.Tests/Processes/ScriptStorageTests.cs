using System.Text;
using Dcron.Grains.Jobs;
using Dcron.Grains.Scripts;
using Dcron.Storage.Objects;
using Microsoft.Extensions.Time.Testing;

namespace Dcron.Tests.Processes;

public sealed class ScriptStorageTests : IDisposable
{
    private static readonly ObjectLocation Backup = ObjectLocation.Of("files", "nightly/backup.py");

    private readonly CountingObjects _store = new();
    private readonly FakeTimeProvider _time = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("dcron-scripts-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task An_upload_lies_where_its_hash_says()
    {
        var stored = Assert.IsType<ScriptUpload.Stored>(await UploadAsync("print(1)", "backup.py"));

        Assert.Equal(Hash("print(1)"), stored.Sha256);
        Assert.Equal(8, stored.Size);
        Assert.Equal($"s3://dcron/scripts/sha256/{stored.Sha256}/backup.py", stored.Location.ToString());
        Assert.Equal(stored, await UploadAsync("print(1)", "backup.py"));
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData("a\nb")]
    public async Task A_name_that_is_no_file_name_is_refused(string name) => Assert.IsType<ScriptUpload.BadName>(await UploadAsync("x", name));

    [Fact]
    public async Task Too_large_an_upload_is_refused()
    {
        Assert.IsType<ScriptUpload.TooLarge>(await UploadAsync(new string('x', ScriptLayout.MaxBytes + 1), null));
        Assert.IsType<ScriptUpload.Stored>(await UploadAsync(new string('x', ScriptLayout.MaxBytes), null));
    }

    [Fact]
    public async Task A_pin_of_an_unchanged_object_costs_one_look_and_of_an_upload_none()
    {
        await PutAsync(Backup, "v1");
        var pin = await PinAsync(Backup, null);
        var (asked, opened) = (_store.Asked, _store.Opened);

        Assert.Equal(pin, await PinAsync(Backup, pin));
        Assert.Equal((asked + 1, opened), (_store.Asked, _store.Opened));

        var upload = (ScriptUpload.Stored)await UploadAsync("v1", "a.py");
        var uploadPin = await PinAsync(upload.Location, null);
        asked = _store.Asked;
        Assert.Equal(uploadPin, await PinAsync(upload.Location, uploadPin));
        Assert.Equal(asked, _store.Asked);
        Assert.Equal(upload.Sha256, uploadPin.Sha256);
    }

    [Fact]
    public async Task A_pin_follows_the_object_and_tells_what_is_missing_or_unknown()
    {
        Assert.Equal("s3://files/nightly/backup.py does not exist", Assert.IsType<ScriptPinning.Missing>(await new ScriptPinner(_store).PinAsync(Backup, null)).Reason);

        await PutAsync(Backup, "v1");
        var first = await PinAsync(Backup, null);
        await PutAsync(Backup, "v2");
        var second = await PinAsync(Backup, first);
        Assert.Equal((Hash("v1"), Hash("v2")), (first.Sha256, second.Sha256));

        var elsewhere = ObjectLocation.Of("files", "other.py");
        await PutAsync(elsewhere, "v3");
        Assert.Equal(Hash("v3"), (await PinAsync(elsewhere, second)).Sha256);

        _store.IsOutOfReach = true;
        Assert.IsType<ScriptPinning.Unknown>(await new ScriptPinner(_store).PinAsync(Backup, second));
    }

    [Fact]
    public async Task A_launch_runs_the_bytes_that_it_was_planned_with()
    {
        await PutAsync(Backup, "v1");
        var pin = await PinAsync(Backup, null);
        await PutAsync(Backup, "v2");

        var ready = Assert.IsType<ScriptFetch.Ready>(await Cache().GetAsync(Backup, pin.Sha256));

        Assert.Equal("v1", await File.ReadAllTextAsync(ready.Path));
        Assert.Equal("backup.py", Path.GetFileName(ready.Path));
    }

    [Fact]
    public async Task Without_a_pinned_copy_the_location_will_do_if_it_holds_those_bytes()
    {
        await PutAsync(Backup, "v1");

        Assert.IsType<ScriptFetch.Ready>(await Cache().GetAsync(Backup, Hash("v1")));
    }

    [Fact]
    public async Task What_is_gone_is_said()
    {
        await PutAsync(Backup, "v2");
        var changed = Assert.IsType<ScriptFetch.Missing>(await Cache().GetAsync(Backup, Hash("v1")));
        Assert.Equal($"s3://files/nightly/backup.py holds other bytes now, and the pinned ones (sha256 {Hash("v1")}) are gone", changed.Reason);

        await _store.DeleteAsync(Backup);
        var gone = Assert.IsType<ScriptFetch.Missing>(await Cache().GetAsync(Backup, Hash("v1")));
        Assert.Contains("does not exist any more", gone.Reason, StringComparison.Ordinal);
        Assert.Equal("s3://files/nightly/backup.py does not exist", Assert.IsType<ScriptFetch.Missing>(await Cache().GetAsync(Backup, null)).Reason);

        _store.IsOutOfReach = true;
        Assert.IsType<ScriptFetch.Unavailable>(await Cache().GetAsync(Backup, Hash("v1")));
    }

    [Fact]
    public async Task A_pinned_copy_with_other_bytes_is_not_run()
    {
        await PutAsync(ScriptLayout.Pinned("dcron", Hash("v1"), "backup.py"), "evil");

        Assert.IsType<ScriptFetch.Missing>(await Cache().GetAsync(Backup, Hash("v1")));
    }

    [Fact]
    public async Task Without_a_hash_the_location_is_read_each_time()
    {
        var cache = Cache();
        await PutAsync(Backup, "v1");
        var first = Assert.IsType<ScriptFetch.Ready>(await cache.GetAsync(Backup, null));
        await PutAsync(Backup, "v2");
        var second = Assert.IsType<ScriptFetch.Ready>(await cache.GetAsync(Backup, null));

        Assert.Equal((Hash("v1"), Hash("v2")), (first.Sha256, second.Sha256));
    }

    [Fact]
    public async Task Many_who_ask_at_once_share_one_fetch_and_later_ones_need_none()
    {
        var gate = new TaskCompletionSource();
        _store.Gate = gate.Task;
        var upload = (ScriptUpload.Stored)await UploadAsync("v1", "a.py");
        var cache = Cache();

        var all = Enumerable.Range(0, 50).Select(_ => cache.GetAsync(upload.Location, upload.Sha256).AsTask()).ToList();
        gate.SetResult();
        var results = await Task.WhenAll(all).WaitAsync(ProcessBench.Patience);
        await cache.GetAsync(upload.Location, upload.Sha256);

        Assert.Single(results.Distinct());
        Assert.Equal(1, _store.Opened);
    }

    [Fact]
    public async Task A_failed_fetch_is_tried_anew()
    {
        var cache = Cache();
        Assert.IsType<ScriptFetch.Missing>(await cache.GetAsync(Backup, Hash("v1")));
        await PutAsync(Backup, "v1");

        Assert.IsType<ScriptFetch.Ready>(await cache.GetAsync(Backup, Hash("v1")));
    }

    [Fact]
    public async Task A_restarted_worker_uses_what_is_there_after_checking_it()
    {
        var upload = (ScriptUpload.Stored)await UploadAsync("v1", "a.py");
        await Cache().GetAsync(upload.Location, upload.Sha256);
        await Cache().GetAsync(upload.Location, upload.Sha256);
        Assert.Equal(1, _store.Opened);
    }

    [Fact]
    public async Task A_cached_file_that_was_changed_is_fetched_anew()
    {
        var upload = (ScriptUpload.Stored)await UploadAsync("v1", "a.py");
        var cache = Cache();
        var ready = (ScriptFetch.Ready)await cache.GetAsync(upload.Location, upload.Sha256);
        File.Delete(ready.Path);
        await File.WriteAllTextAsync(ready.Path, "vX");
        File.SetLastWriteTimeUtc(ready.Path, new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        ready = Assert.IsType<ScriptFetch.Ready>(await cache.GetAsync(upload.Location, upload.Sha256));

        Assert.Equal("v1", await File.ReadAllTextAsync(ready.Path));
    }

    [Fact]
    public async Task The_least_recently_used_make_room_but_not_those_in_use()
    {
        var cache = Cache(maxBytes: 250);
        var uploads = new List<ScriptUpload.Stored>();
        for (var i = 0; i < 3; i++)
        {
            uploads.Add((ScriptUpload.Stored)await UploadAsync(new string((char)('a' + i), 100), $"{i}.py"));
        }

        var first = await PathAsync(cache, uploads[0]);
        var second = await PathAsync(cache, uploads[1]);
        _time.Advance(TimeSpan.FromMinutes(2));
        await PathAsync(cache, uploads[0]);
        var third = await PathAsync(cache, uploads[2]);

        Assert.True(File.Exists(first));
        Assert.False(File.Exists(second));
        Assert.True(File.Exists(third));

        await PathAsync(cache, uploads[1]); // all three are in use now, and so all stay
        Assert.True(File.Exists(first) && File.Exists(second) && File.Exists(third));
    }

    private static async Task<string> PathAsync(ScriptCache cache, ScriptUpload.Stored upload) =>
        Assert.IsType<ScriptFetch.Ready>(await cache.GetAsync(upload.Location, upload.Sha256)).Path;

    private static string Hash(string text) => ScriptBytes.HashOf(Encoding.UTF8.GetBytes(text));

    private async Task<ScriptPin> PinAsync(ObjectLocation location, ScriptPin? previous) =>
        Assert.IsType<ScriptPinning.Pinned>(await new ScriptPinner(_store).PinAsync(location, previous)).Pin;

    private async Task<ScriptUpload> UploadAsync(string text, string? name) =>
        await new ScriptLibrary(_store).StoreAsync(new MemoryStream(Encoding.UTF8.GetBytes(text)), name);

    private async Task PutAsync(ObjectLocation location, string text) => await _store.PutAsync(location, Encoding.UTF8.GetBytes(text), "text/plain");

    private ScriptCache Cache(long maxBytes = ScriptCache.DefaultMaxBytes) => new(_store, _folder, maxBytes, _time);
}
