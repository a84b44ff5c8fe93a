using System.Diagnostics;
using System.Globalization;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes.Containing;

/// <summary>Command lines of bubblewrap: what a script sees of the machine, and nothing else.</summary>
/// <param name="program">Absolute path of <c>bwrap</c>.</param>
/// <param name="isRoot">Whether the node is root, and so needs no user namespace.</param>
/// <param name="etc">A prepared <c>/etc</c>.</param>
/// <param name="readOnly">Further paths that scripts may read.</param>
/// <param name="writable">Further paths that scripts may read and write.</param>
internal sealed class Bubblewrap(string program, bool isRoot, string etc, IReadOnlyList<string> readOnly, IReadOnlyList<string> writable)
{
    /// <summary>The working folder as the script sees it.</summary>
    public const string Home = "/home/script";

    /// <summary>The folder of its own file.</summary>
    public const string ScriptFolder = "/script";

    private static readonly TimeSpan ProbeLimit = TimeSpan.FromSeconds(15);
    private static readonly string[] SystemFolders = ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

    private readonly Dictionary<string, (string Source, DateTime Written)> _refreshed = new(StringComparer.Ordinal);
    private readonly List<string> _common = [program, .. Common(isRoot, etc, readOnly, writable)];

    /// <param name="folder">The working folder on the node.</param>
    /// <param name="scripts">The folder on the node in which the script will lie; null for none.</param>
    /// <param name="readable">What it may read beside what all may: an interpreter's installation.</param>
    /// <param name="hidden">A folder that must not be seen, wherever it lies.</param>
    public IReadOnlyList<string> Line(string folder, string? scripts, IEnumerable<string> readable, string hidden, bool network)
    {
        List<string> line = [.. _common, "--bind", folder, Home, "--bind", folder, "/dev/shm"];
        foreach (var path in readable)
        {
            line.AddRange([.. WayTo(path), "--ro-bind", path, path]);
        }

        // Where one of the paths above leads to it.
        if (readOnly.Concat(writable).Append("/usr").Any(path => IsBelow(hidden, path)))
        {
            line.AddRange(["--tmpfs", hidden]);
        }

        if (scripts is not null)
        {
            line.AddRange(["--ro-bind", scripts, ScriptFolder]);
        }

        if (!network)
        {
            line.Add("--unshare-net");
        }

        if (!isRoot)
        {
            line.AddRange(["--remount-ro", "/dev", "--remount-ro", "/"]); // in memory, and the script's own otherwise
        }

        line.AddRange(["--chdir", Home]);
        return line;
    }

    /// <summary>Where a script lies, as it sees itself.</summary>
    public static string ScriptPath(string script) => Path.Combine(ScriptFolder, Path.GetFileName(script));

    /// <summary>Builds one, to see whether it works here.</summary>
    /// <returns>Why not; null when it does.</returns>
    public async Task<string?> ProbeAsync(string folder, bool network, TimeProvider time, CancellationToken cancellationToken)
    {
        if (new ProcFs().ChildrenOfMainThread() is null)
        {
            return "the kernel does not tell processes' children (CONFIG_PROC_CHILDREN)";
        }

        var line = Line(folder, null, [], "/nonexistent", network);
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(line[0], [.. line.Skip(1), "--", ContainedLaunch.Shell, "-c", "exit 42"])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
                WorkingDirectory = "/",
            },
        };
        process.StartInfo.Environment.Clear();
        using var limit = new CancellationTokenSource(ProbeLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            process.Start();
            var errors = await process.StandardError.ReadToEndAsync(either.Token);
            await process.WaitForExitAsync(either.Token);
            return process.ExitCode == 42 ? null : errors.Split('\n')[0].Trim() is { Length: > 0 } said ? said : $"it ended with status {process.ExitCode}";
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            return exception.Message;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            return string.Create(CultureInfo.InvariantCulture, $"it did not answer within {ProbeLimit.TotalSeconds:0} s");
        }
    }

    /// <summary>Folders that an interpreter outside of the system's own needs: those of its installation, behind all links.</summary>
    public static IReadOnlyList<string> PrefixesOf(string interpreter, string hidden)
    {
        List<string> prefixes = [];
        foreach (var path in new[] { interpreter, new FileInfo(interpreter).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? interpreter })
        {
            var folder = Path.GetDirectoryName(path)!;
            var prefix = Path.GetFileName(folder) == "bin" ? Path.GetDirectoryName(folder)! : folder;

            // ~/bin is no installation: what is beside it is not the interpreter's.
            var home = Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } value ? value : "/root";
            if (prefix == "/" || IsBelow(home, prefix) || IsBelow(hidden, prefix))
            {
                prefix = folder;
            }

            if (!SystemFolders.Append("/usr").Any(system => IsBelow(path, system)))
            {
                prefixes.Add(prefix);
            }
        }

        return prefixes;
    }

    /// <summary>Writes the little that scripts find in <c>/etc</c>. What changes while a node runs is shown as it is on the machine, in the places prepared here.</summary>
    /// <param name="folder">Where to; made anew.</param>
    /// <param name="users">The users that scripts run as, by number.</param>
    public static void PrepareEtc(string folder, IEnumerable<uint> users)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        Directory.CreateDirectory(folder);
        var numbers = users.Where(id => id is not (0 or 65534)).Distinct().ToList();
        File.WriteAllLines(Path.Combine(folder, "passwd"),
            ["root:x:0:0:root:/root:/usr/sbin/nologin", .. numbers.Select(id => $"script:x:{id}:{id}:script:{Home}:/bin/sh"), "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin"]);
        File.WriteAllLines(Path.Combine(folder, "group"), ["root:x:0:", .. numbers.Select(id => $"script:x:{id}:"), "nogroup:x:65534:"]);
        foreach (var file in Copied.Where(file => File.Exists("/etc/" + file)))
        {
            File.Copy("/etc/" + file, Path.Combine(folder, file));
        }

        CopyLinks("/etc/alternatives", Path.Combine(folder, "alternatives"));
        foreach (var (path, _) in Live())
        {
            Directory.CreateDirectory(Path.Combine(folder, path));
        }
    }

    /// <summary>Brings up to date what in <c>/etc</c> changes while a node runs, for all sandboxes at once, those that wait included.</summary>
    public void RefreshEtc()
    {
        foreach (var name in Changing)
        {
            if (SourceOf("/etc/" + name) is not { } source)
            {
                continue;
            }

            var now = (source, File.GetLastWriteTimeUtc(source));
            lock (_refreshed)
            {
                if (_refreshed.GetValueOrDefault(name) != now && TryReplace(source, Path.Combine(etc, name)))
                {
                    _refreshed[name] = now;
                }
            }
        }
    }

    /// <returns>The file behind all links; null where there is none: small machines have no <c>hosts</c>.</returns>
    public static string? SourceOf(string path) =>
        File.Exists(path) && (new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path) is var source && File.Exists(source) ? source : null;

    // Whoever reads meanwhile finds the old one or the new one.
    private static bool TryReplace(string source, string place)
    {
        try
        {
            File.Copy(source, place + ".new", overwrite: true);
            File.Move(place + ".new", place, overwrite: true);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false; // there is none, or none for this node
        }
    }

    private static void CopyLinks(string from, string to)
    {
        foreach (var link in Directory.Exists(from) ? new DirectoryInfo(from).EnumerateFileSystemInfos().Where(entry => entry.LinkTarget is not null) : [])
        {
            Directory.CreateDirectory(to);
            File.CreateSymbolicLink(Path.Combine(to, link.Name), link.LinkTarget!);
        }
    }

    private static readonly string[] Copied =
    [
        "nsswitch.conf", "localtime", "timezone", "ld.so.cache", "ld.so.conf", "services", "protocols", "host.conf", "gai.conf", "mime.types", "os-release",
        "debian_version", "ca-certificates.conf",
    ];

    private static readonly string[] Changing = ["resolv.conf", "hosts"];

    /// <summary>Folders that are shown as they are.</summary>
    private static IEnumerable<(string Name, string Source)> Live()
    {
        foreach (var name in new[] { "ssl", "pki" })
        {
            var path = "/etc/" + name;
            if (Directory.Exists(path))
            {
                yield return (name, new FileInfo(path).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? path);
            }
        }
    }

    private static List<string> Common(bool isRoot, string etc, IReadOnlyList<string> readOnly, IReadOnlyList<string> writable)
    {
        List<string> line =
        [
            "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--new-session",
            "--cap-drop", "ALL", // root needs a few to become the script's user, and setpriv drops them
            .. isRoot ? (string[])["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"] : ["--unshare-user"],
            "--ro-bind", "/usr", "/usr",
        ];
        foreach (var folder in SystemFolders.Where(Directory.Exists))
        {
            line.AddRange(new DirectoryInfo(folder).LinkTarget is { } target ? ["--symlink", target, folder] : ["--ro-bind", folder, folder]);
        }

        line.AddRange(["--ro-bind", etc, "/etc"]);
        foreach (var (name, source) in Live())
        {
            line.AddRange(["--ro-bind-try", source, "/etc/" + name]);
        }

        line.AddRange(["--proc", "/proc", "--dev", "/dev", .. WayTo(Home), "--symlink", Home[1..], "/tmp", "--dir", "/var", "--symlink", ".." + Home, "/var/tmp"]);
        line.AddRange(readOnly.SelectMany(path => (string[])[.. WayTo(path), "--ro-bind", path, path]));
        line.AddRange(writable.SelectMany(path => (string[])[.. WayTo(path), "--bind", path, path]));
        return line;
    }

    // What bubblewrap makes by itself on the way to a mount is for its own user only.
    private static IEnumerable<string> WayTo(string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return Enumerable.Range(1, parts.Length - 1).SelectMany(count => (string[])["--dir", "/" + string.Join('/', parts.Take(count))]);
    }

    private static bool IsBelow(string path, string folder) =>
        path == folder || path.StartsWith(Path.TrimEndingDirectorySeparator(folder) + "/", StringComparison.Ordinal);
}
