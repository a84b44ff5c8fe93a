using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dcron.Grains.Containing;
using Dcron.Grains.Executions;
using Dcron.Grains.Interpreters;
using Dcron.Grains.Processes;
using Dcron.Grains.Processes.Containing;
using Dcron.Grains.Processes.Native;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Dcron.Grains.Workers;

/// <summary>How this worker contains scripts: found out once, while the node starts, by trying.</summary>
internal sealed partial class WorkerContainment
{
    private const uint OnlyOwner = 0x1c0;
    private const int MostWaiting = 16;
    private const string Programs = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private readonly WorkerOptions _options;
    private readonly string _dataPath;
    private readonly Sandboxes? _sandboxes;
    private readonly UserPool? _users;
    private readonly ScriptUser? _shared;
    private readonly string? _setpriv;
    private readonly ControlGroups? _groups;

    private WorkerContainment(
        WorkerOptions options, string dataPath, string publicFolder, Bubblewrap? sandbox, UserPool? users, ScriptUser? shared, string? setpriv, ControlGroups? groups, TimeProvider time,
        WorkerContainmentInfo info)
    {
        (_options, _dataPath, PublicFolder, _users) = (options, dataPath, publicFolder, users);
        (_shared, _setpriv, _groups, Info) = (shared, setpriv, groups, info);
        Folders = new WorkingFolders(Path.Combine(publicFolder, "work"), time);

        // Without a control group nobody but the holder tells how much processor time a script took.
        var hasHolder = groups is null || !ProcessHandle.TellsExits;
        _sandboxes = sandbox is null ? null : new Sandboxes(sandbox, Folders, users, shared, groups, dataPath, Math.Min(options.Slots, MostWaiting), hasHolder);
    }

    public WorkerContainmentInfo Info { get; }

    /// <summary>Holds what scripts must reach: working folders, cached scripts, preludes.</summary>
    public string PublicFolder { get; }

    public WorkingFolders Folders { get; }

    /// <summary>Ends sandboxes that wait for scripts; further scripts have further ones made.</summary>
    public void LetGoOfSandboxes() => _sandboxes?.LetGo();

    /// <summary>Finds out what works here.</summary>
    /// <param name="options">What is wanted.</param>
    /// <param name="dataPath">The data folder, absolute.</param>
    /// <param name="nodeFolder">This node's own folder in it.</param>
    /// <exception cref="OptionsValidationException">What is wanted is not to be had; the message says the way out.</exception>
    public static async Task<WorkerContainment> FindAsync(
        WorkerOptions options, string dataPath, string nodeFolder, TimeProvider time, ILogger logger, CancellationToken cancellationToken = default)
    {
        var isRoot = Libc.GetEUid() == 0;
        var setpriv = SearchPath.Find("setpriv", Programs);
        var (users, shared) = FindUsers(options, isRoot, setpriv);
        var (sandbox, reason, canCutNetwork) = await FindSandboxAsync(options, nodeFolder, isRoot, shared, time, cancellationToken);
        if (sandbox is null && options.Sandbox == SandboxMode.Require)
        {
            throw Refused($"Sandbox is 'require', but {reason}. Install it (apt-get install bubblewrap) and allow "
                + "user namespaces (docs/security.md names the switches of kernels, containers and systemd), or set it to 'auto' or 'off'.");
        }

        if (isRoot)
        {
            Directory.CreateDirectory(dataPath);
            _ = Libc.Chmod(dataPath, OnlyOwner); // no script is root
        }

        var groups = ControlGroups.Find(out var noGroups);
        var info = new WorkerContainmentInfo
        {
            Sandbox = sandbox is null ? SandboxKind.None : SandboxKind.Bubblewrap,
            SandboxReason = reason,
            User = users is not null ? UserKind.Own : shared is not null ? UserKind.Shared : UserKind.Node,
            LimitsBy = groups is null ? LimitKeeper.Rlimits : LimitKeeper.Cgroup,
            Maxima = options.Limits.ToLimits(),
            Network = options.Network,
            CanCutNetwork = canCutNetwork,
            CanLimitDisk = FolderInMemory.Works(Path.Combine(nodeFolder, "probe")),
        };
        if (!info.CanLimitDisk && (options.Limits.DiskBytes ?? options.DefaultLimits.DiskBytes) is not null)
        {
            throw Refused("Limits:DiskBytes or DefaultLimits:DiskBytes is set, but only a node that is root and may mount can keep them. Start it as root, or leave them out.");
        }

        var inWords = Describe(info, noGroups);
        LogContainment(logger, inWords);
        return new WorkerContainment(options, dataPath, PublicFolderOf(options, dataPath, nodeFolder, isRoot && sandbox is null), sandbox, users, shared, setpriv, groups, time, info);
    }

    /// <summary>Holds nothing in: for a worker that starts no processes.</summary>
    public static WorkerContainment OfNothing() => new(new WorkerOptions(), "", "", null, null, null, null, null, TimeProvider.System, new WorkerContainmentInfo
    {
        Sandbox = SandboxKind.None,
        User = UserKind.Node,
        LimitsBy = LimitKeeper.Rlimits,
        Maxima = ScriptLimits.None,
        Network = true,
        CanCutNetwork = false,
    });

    /// <summary>The command that shows whether scripts can run a program; null where they can whatever the node can.</summary>
    public (string Program, IReadOnlyList<string> Arguments)? AsScript(string program, IReadOnlyList<string> arguments)
    {
        if (_sandboxes is not null || (_users is null && _shared is null))
        {
            return null;
        }

        var user = _shared ?? _users!.Take();
        if (_shared is null)
        {
            _users!.Return(user);
        }

        return (_setpriv!, [$"--reuid={user.Id}", $"--regid={user.GroupId}", "--clear-groups", "--", program, .. arguments]);
    }

    /// <summary>Makes ready what holds one script in, and its working folder.</summary>
    /// <param name="script">Its file.</param>
    /// <exception cref="IOException">The system refuses a part of it.</exception>
    public ContainedScript Contain(ExecuteJob launch, Interpreter interpreter, string script)
    {
        var limits = (launch.Limits ?? ScriptLimits.None).Or(_options.DefaultLimits.ToLimits()).Or(Info.Maxima);
        return _sandboxes is null ? ContainByUser(launch, script, limits) : ContainBySandbox(_sandboxes, launch, interpreter, script, limits);
    }

    private ContainedScript ContainBySandbox(Sandboxes sandboxes, ExecuteJob launch, Interpreter interpreter, string script, ScriptLimits limits)
    {
        var network = launch.Network ?? Info.Network;
        var preludes = interpreter.Arguments.Any(argument => argument.Contains(PublicFolder, StringComparison.Ordinal)) ? (string[])[Path.Combine(PublicFolder, "prelude")] : [];
        var shape = SandboxShape.Of(Bubblewrap.PrefixesOf(interpreter.Path, _dataPath).Concat(preludes), network, limits.DiskBytes);
        var sandbox = sandboxes.Take(launch.ExecutionId.ToString(), shape, script, limits);
        return new ContainedScript
        {
            Folder = sandbox.Folder,
            Home = Bubblewrap.Home,
            Temp = "/tmp",
            Script = Bubblewrap.ScriptPath(script),
            Containment = new Containment
            {
                Sandbox = sandbox.Process,
                User = sandbox.User,
                Setpriv = _setpriv,
                Limits = limits,
                Group = sandbox.Group,
                LimitsProcesses = LimitsProcesses,
            },
            InForce = InForce(sandbox.User, network, limits),
            End = () => sandboxes.TakeBack(sandbox),
            Release = () => sandboxes.Release(sandbox),
        };
    }

    private ContainedScript ContainByUser(ExecuteJob launch, string script, ScriptLimits limits)
    {
        var user = _shared ?? _users?.Take();
        try
        {
            var folder = Folders.Create(launch.ExecutionId.ToString());
            if (limits.DiskBytes is { } bytes)
            {
                FolderInMemory.Lay(folder, bytes);
            }

            if (user is { } owner && Libc.LChown(folder, owner.Id, owner.GroupId) != 0)
            {
                throw new IOException($"The working folder could not be given to the script's user: {Libc.LastError.Text()}.");
            }

            var group = _groups?.Make(NameOf(launch.ExecutionId));
            group?.Limit(limits);
            return new ContainedScript
            {
                Folder = folder,
                Home = folder,
                Temp = folder,
                Script = script,
                Containment = new Containment { User = user, Setpriv = _setpriv, Limits = limits, Group = group, LimitsProcesses = LimitsProcesses },
                InForce = InForce(user, launch.Network ?? Info.Network, limits),
                End = () => End(user, group, limits.DiskBytes is null ? null : folder),
                Release = () => Release(user),
            };
        }
        catch
        {
            Release(user);
            throw;
        }
    }

    private ExecutionContainment InForce(ScriptUser? user, bool network, ScriptLimits limits) => new()
    {
        Sandbox = Info.Sandbox,
        User = Info.User,
        UserId = user?.Id ?? Libc.GetEUid(),
        Network = network,
        LimitsBy = Info.LimitsBy,
        Limits = limits with { Processes = LimitsProcesses || _groups is not null ? limits.Processes : null },
    };

    // To the kernel a limit on processes is one on all of a user's. It is only the script's own where the user is, or the user namespace.
    private bool LimitsProcesses => _users is not null || (_sandboxes is not null && _shared is null);

    // The search looks at each process of the machine: some milliseconds on a busy one.
    private void End(ScriptUser? user, ControlGroup? group, string? inMemory)
    {
        if (_users is not null && user is { } own && group is not { IsGone: true })
        {
            UserProcesses.KillAll(own.Id);
        }

        if (inMemory is not null)
        {
            FolderInMemory.Take(inMemory);
        }
    }

    private void Release(ScriptUser? user)
    {
        if (_users is not null && user is { } own)
        {
            _users.Return(own);
        }
    }

    private static (UserPool? Own, ScriptUser? Shared) FindUsers(WorkerOptions options, bool isRoot, string? setpriv)
    {
        if (!isRoot)
        {
            return options.User is null ? (null, null)
                : throw Refused($"User is '{options.User}', but only a node that is root can run scripts as another user. Start it as root, or leave it out.");
        }

        if (setpriv is null)
        {
            throw Refused("Scripts must not run as root, and setpriv, which changes the user, is not there. Install util-linux (apt-get install util-linux), or start the node as another user.");
        }

        if (options.User is { } name)
        {
            return (null, UserNamed(name) ?? throw Refused($"User is '{name}'; it must be the name or the number of a user of this machine, and not root."));
        }

        try
        {
            return (new UserPool(UserPool.Locks, File.ReadAllText("/proc/self/uid_map")), null);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Refused($"Scripts must not run as root, and no users for them could be had ({exception.Message}) Name one with Dcron:Worker:User, or start the node as another user.");
        }
    }

    private static ScriptUser? UserNamed(string name)
    {
        var fields = File.ReadLines("/etc/passwd").Select(line => line.Split(':')).FirstOrDefault(line => line.Length > 3 && (line[0] == name || line[2] == name));
        var (id, group) = fields is not null ? (fields[2], fields[3]) : (name, name);
        return uint.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var user) && uint.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out var its) && user != 0
            ? new ScriptUser(user, its)
            : null;
    }

    private static async Task<(Bubblewrap? Sandbox, string? Reason, bool CanCutNetwork)> FindSandboxAsync(
        WorkerOptions options, string nodeFolder, bool isRoot, ScriptUser? shared, TimeProvider time, CancellationToken cancellationToken)
    {
        if (options.Sandbox == SandboxMode.Off)
        {
            return (null, "Dcron:Worker:Sandbox is 'off'", false);
        }

        if (SearchPath.Find("bwrap", Environment.GetEnvironmentVariable("PATH") + ":" + Programs) is not { } program)
        {
            return (null, "bubblewrap (bwrap) is not installed", false);
        }

        var etc = Path.Combine(nodeFolder, "etc");
        var users = shared is { } one ? [one.Id]
            : isRoot ? Enumerable.Range(0, Math.Min(2 * options.Slots, 2000)).Select(i => UserPool.FirstIn(File.ReadAllText("/proc/self/uid_map")) + (uint)i)
            : [Libc.GetEUid()];
        Bubblewrap.PrepareEtc(etc, users);
        var probe = Path.Combine(nodeFolder, "probe");
        Directory.CreateDirectory(probe);
        var sandbox = new Bubblewrap(program, isRoot, etc, options.ReadOnlyPaths, options.WritablePaths);
        if (await sandbox.ProbeAsync(probe, network: true, time, cancellationToken) is { } reason)
        {
            return (null, $"bubblewrap does not work here ({reason})", false);
        }

        return (sandbox, null, await sandbox.ProbeAsync(probe, network: false, time, cancellationToken) is null);
    }

    // Another user does not get through the data folder, which is the node's alone.
    private static string PublicFolderOf(WorkerOptions options, string dataPath, string nodeFolder, bool isOfOthers)
    {
        if (!isOfOthers)
        {
            return nodeFolder;
        }

        var own = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(dataPath)))[..12];
        var folder = Path.Combine(options.WorkPath ?? "/var/cache/dcron", own, Path.GetFileName(nodeFolder));
        try
        {
            foreach (var part in new[] { folder, Path.Combine(folder, "work"), Path.Combine(folder, "scripts") })
            {
                Directory.CreateDirectory(part);
                _ = Libc.Chmod(part, 0x1c9); // to be passed through, not to be listed
            }

            return folder;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Refused($"Scripts run as other users than this node, and no folder for them could be made ({exception.Message}) Name one that all users get to with Dcron:Worker:WorkPath.");
        }
    }

    private static string NameOf(ExecutionId id) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(id.ToString())))[..24];

    private static string Describe(WorkerContainmentInfo info, string? noGroups) => string.Create(CultureInfo.InvariantCulture,
        $"{(info.Sandbox == SandboxKind.None ? $"no sandbox: {info.SandboxReason}" : "a bubblewrap sandbox")}; {UserInWords(info.User)}; limits by {(info.LimitsBy == LimitKeeper.Cgroup ? "control groups" : $"rlimits, without control groups: {noGroups}")}");

    private static string UserInWords(UserKind user) => user switch
    {
        UserKind.Own => "a user of its own for each",
        UserKind.Shared => "one user for all",
        _ => "the node's own user",
    };

    private static OptionsValidationException Refused(string message) => new(WorkerOptions.Section, typeof(WorkerOptions), [$"{WorkerOptions.Section}: {message}"]);

    [LoggerMessage(Level = LogLevel.Information, Message = "Scripts are contained by {Containment}")]
    private static partial void LogContainment(ILogger logger, string containment);
}

/// <summary>One script's containment, made ready.</summary>
internal sealed class ContainedScript
{
    /// <summary>Its working folder on the node, empty.</summary>
    public required string Folder { get; init; }

    /// <summary>The working folder as the script sees it.</summary>
    public required string Home { get; init; }

    /// <summary>Where its temporary files go, as it sees it.</summary>
    public required string Temp { get; init; }

    /// <summary>Its file as it sees it.</summary>
    public required string Script { get; init; }

    public required Containment Containment { get; init; }

    public required ExecutionContainment InForce { get; init; }

    /// <summary>Ends whatever is left of it.</summary>
    public required Action End { get; init; }

    /// <summary>Gives back what was its own, once its folder is gone.</summary>
    public required Action Release { get; init; }
}
