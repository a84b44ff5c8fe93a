using System.Diagnostics;
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
    public void A_folder_that_a_script_left_as_it_found_it_serves_the_next_execution()
    {
        var folders = Folders;
        var identity = IdentityOf(folders.Create("a"));
        Assert.True(folders.Remove("a"));

        Assert.Equal(identity, IdentityOf(folders.Create("b")));
        Assert.Equal([Path.Combine(_root, "work", "b")], Directory.GetFileSystemEntries(Path.Combine(_root, "work")));
        Assert.True(folders.Sweep());
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_root, "work")));
    }

    [Theory]
    [InlineData("touch left")]
    [InlineData("touch .hidden")]
    [InlineData("chmod 777 .")]
    [InlineData("chmod 1700 .")]
    [InlineData("setfattr -n user.mark -v x . || touch left")]
    public void A_folder_that_a_script_changed_serves_nobody_else(string change)
    {
        var folders = Folders;
        var path = folders.Create("a");
        var identity = IdentityOf(path);
        Run("/bin/sh", "-c", $"cd '{path}' && {{ {change}; }}");
        Assert.True(folders.Remove("a"));

        var next = folders.Create("b");

        Assert.NotEqual(identity, IdentityOf(next));
        Assert.Empty(Directory.EnumerateFileSystemEntries(next));
        Assert.Equal("700", Run("stat", "-c", "%a", next));
    }

    [Fact]
    public void Sweeping_where_nothing_ever_was_is_no_error() => Assert.True(Folders.Sweep());

    // A number alone is given out again; with the time of birth it is one folder's.
    private static string IdentityOf(string path) => Run("stat", "-c", "%i %w", path);

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return output.Trim();
    }
}
