using Dcron.Grains.Processes;
using Microsoft.Extensions.Time.Testing;

namespace Dcron.Tests.Processes;

public sealed class WorkingFoldersTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("dcron-work-").FullName;

    private WorkingFolders Folders => new(Path.Combine(_root, "work"), TimeProvider.System);

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_folder_is_empty_when_it_begins_and_gone_when_it_is_over()
    {
        var path = Folders.Create("job@20260329T010000Z.a2");
        Assert.Equal(Path.Combine(_root, "work", "job@20260329T010000Z.a2"), path);
        File.WriteAllText(Path.Combine(path, "left"), "behind");

        Assert.Equal(path, Folders.Create("job@20260329T010000Z.a2"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(path));

        Assert.True(Folders.Remove("job@20260329T010000Z.a2"));
        Assert.False(Directory.Exists(path));
        Assert.True(Folders.Remove("job@20260329T010000Z.a2"));
    }

    [Theory]
    [InlineData("../../etc")]
    [InlineData("..")]
    [InlineData("a/b")]
    public void No_name_leads_out_of_the_root(string id) =>
        Assert.Equal(Path.Combine(_root, "work"), Path.GetDirectoryName(Path.GetFullPath(Folders.Create(id))));

    [Fact]
    public void Links_are_removed_and_never_followed()
    {
        var outside = Directory.CreateDirectory(Path.Combine(_root, "outside")).FullName;
        File.WriteAllText(Path.Combine(outside, "precious"), "x");
        var path = Folders.Create("a");
        Directory.CreateSymbolicLink(Path.Combine(path, "link"), outside);
        File.CreateSymbolicLink(Path.Combine(path, "file"), Path.Combine(outside, "precious"));
        Directory.CreateDirectory(Path.Combine(path, "sub", "sub"));
        Directory.CreateSymbolicLink(Path.Combine(path, "sub", "up"), _root);

        Assert.True(Folders.Remove("a"));

        Assert.False(Directory.Exists(path));
        Assert.True(File.Exists(Path.Combine(outside, "precious")));
    }

    [Fact]
    public void A_folder_that_became_a_link_is_unlinked()
    {
        var outside = Directory.CreateDirectory(Path.Combine(_root, "outside")).FullName;
        var path = Folders.Create("a");
        Directory.Delete(path);
        Directory.CreateSymbolicLink(path, outside);

        Assert.True(Folders.Remove("a"));

        Assert.False(Path.Exists(path));
        Assert.True(Directory.Exists(outside));
    }

    [Fact]
    public void Deep_and_wide_trees_go_too()
    {
        var path = Folders.Create("a");
        var deep = path;
        for (var i = 0; i < 300; i++)
        {
            deep = Path.Combine(deep, "d");
            Directory.CreateDirectory(deep);
            File.WriteAllText(Path.Combine(deep, "f"), "");
        }

        for (var i = 0; i < 3000; i++)
        {
            File.WriteAllText(Path.Combine(path, $"file{i}"), "");
        }

        // With a clock that stands still, as a slow disk is not what is tested.
        Assert.True(new WorkingFolders(Path.Combine(_root, "work"), new FakeTimeProvider()).Remove("a"));
        Assert.False(Directory.Exists(path));
    }

    [Fact]
    public void Removing_is_bounded_and_the_rest_is_left_to_the_sweep()
    {
        var time = new FakeTimeProvider { AutoAdvanceAmount = TimeSpan.FromSeconds(4) }; // each look at the clock costs four seconds
        var path = Folders.Create("a");
        for (var i = 0; i < 20; i++)
        {
            Directory.CreateDirectory(Path.Combine(path, $"d{i}", "sub"));
        }

        Assert.False(new WorkingFolders(Path.Combine(_root, "work"), time).Remove("a"));
        Assert.True(Directory.Exists(path));

        Assert.True(Folders.Sweep());
        Assert.False(Directory.Exists(path));
    }

    [Fact]
    public void Sweeping_where_nothing_ever_was_is_no_error() => Assert.True(Folders.Sweep());
}
