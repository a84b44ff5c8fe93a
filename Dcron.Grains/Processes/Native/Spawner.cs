using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace Dcron.Grains.Processes.Native;

/// <summary>What to start, and on which descriptors.</summary>
/// <param name="Executable">Absolute path.</param>
/// <param name="WorkingDirectory">Null to stay where this process is.</param>
/// <param name="StandardInput">Null for <c>/dev/null</c>.</param>
/// <param name="Output">Gets standard output, and standard error unless that goes elsewhere.</param>
/// <param name="Hatch">Becomes descriptor 3; null for none.</param>
/// <param name="Letter">Becomes descriptor 4; only beside a hatch.</param>
/// <param name="Aside">Becomes descriptor 5; only beside a letter.</param>
/// <param name="Errors">Gets standard error; null for <paramref name="Output"/>.</param>
internal readonly record struct SpawnRequest(
    string Executable,
    IReadOnlyList<string> Arguments,
    IReadOnlyDictionary<string, string> Environment,
    string? WorkingDirectory,
    int? StandardInput,
    int Output,
    int? Hatch = null,
    int? Letter = null,
    int? Aside = null,
    int? Errors = null);

/// <summary>
/// Starts programs with <c>posix_spawn</c>: each in a session, and so a process group, of its own, with all signals at their
/// defaults and unblocked (.NET ignores SIGPIPE, which a child would inherit), with a session keyring of its own, and with no descriptor beyond the standard three and those that the request names.
/// </summary>
internal static unsafe class Spawner
{
    private const short SetSigDef = 0x04;
    private const short SetSigMask = 0x08;
    private const short SetSid = 0x80;
    private const int LastOfChildren = 5;

    private static readonly byte* Attributes = NewAttributes();
    private static readonly delegate* unmanaged<byte*, int, int> AddCloseFrom = FindAddCloseFrom();
    private static readonly int DevNull = KeepClearOfStandardStreams(Libc.Open("/dev/null", Libc.O_RDWR | Libc.O_CLOEXEC, 0));

    /// <summary>A descriptor of <c>/dev/null</c>.</summary>
    public static int Nowhere => DevNull;

    /// <summary>Children of this process that were started here and not reaped yet: whoever reaps orphans leaves them alone.</summary>
    public static ConcurrentDictionary<int, byte> Children { get; } = new();

    /// <summary>Shared while a child exists that is not among <see cref="Children"/> yet; exclusive for who must know all of them.</summary>
    public static ReaderWriterLockSlim Starting { get; } = new();

    /// <summary>Moves a descriptor out of 0 to 5, where the child's own would overwrite it.</summary>
    public static int KeepClearOfStandardStreams(int fd)
    {
        if (fd is < 0 or > LastOfChildren)
        {
            return fd;
        }

        var moved = Libc.Fcntl(fd, Libc.F_DUPFD_CLOEXEC, LastOfChildren + 1);
        _ = Libc.Close(fd);
        return moved;
    }

    /// <returns><see cref="Errno.None"/> and the process id, or why it could not be started.</returns>
    public static Errno Spawn(SpawnRequest request, out int pid)
    {
        using var strings = Marshal(request, out var executable, out var folder, out var arguments, out var environment);
        var actions = stackalloc byte[512];
        var error = Libc.FileActionsInit(actions);
        if (error != 0)
        {
            pid = 0;
            return (Errno)error;
        }

        try
        {
            error = AddActions(actions, request, folder);
            int started = 0;
            if (error == 0)
            {
                Libc.LeaveSessionKeyring();
                Starting.EnterReadLock();
                try
                {
                    error = Libc.PosixSpawn(&started, executable, actions, Attributes, arguments, environment);
                    if (error == 0)
                    {
                        Children.TryAdd(started, 0);
                    }
                }
                finally
                {
                    Starting.ExitReadLock();
                }
            }

            pid = started;
            return (Errno)error;
        }
        finally
        {
            _ = Libc.FileActionsDestroy(actions);
        }
    }

    private static int AddActions(byte* actions, SpawnRequest request, byte* folder)
    {
        var error = Libc.FileActionsAddDup2(actions, request.StandardInput ?? DevNull, 0);
        error = error != 0 ? error : Libc.FileActionsAddDup2(actions, request.Output, 1);
        error = error != 0 ? error : Libc.FileActionsAddDup2(actions, request.Errors ?? request.Output, 2);
        error = error != 0 || request.Hatch is not { } hatch ? error : Libc.FileActionsAddDup2(actions, hatch, 3);
        error = error != 0 || request.Letter is not { } letter ? error : Libc.FileActionsAddDup2(actions, letter, 4);
        error = error != 0 || request.Aside is not { } aside ? error : Libc.FileActionsAddDup2(actions, aside, 5);
        error = error != 0 || AddCloseFrom == null ? error : AddCloseFrom(actions, request.Hatch is null ? 3 : request.Letter is null ? 4 : request.Aside is null ? 5 : 6);
        return error != 0 || folder == null ? error : Libc.FileActionsAddChdir(actions, folder);
    }

    private static NativeStrings Marshal(SpawnRequest request, out byte* executable, out byte* folder, out byte** arguments, out byte** environment)
    {
        var bytes = (2 * NativeStrings.Room(request.Executable)) + NativeStrings.Room(request.WorkingDirectory ?? "");
        foreach (var argument in request.Arguments)
        {
            bytes += NativeStrings.Room(argument);
        }

        foreach (var (name, value) in request.Environment)
        {
            bytes += NativeStrings.Room(name) + NativeStrings.Room(value);
        }

        var strings = new NativeStrings(bytes, request.Arguments.Count + request.Environment.Count + 3);
        executable = strings.Add(request.Executable);
        folder = request.WorkingDirectory is { } path ? strings.Add(path) : null;

        var next = arguments = strings.Pointers;
        *next++ = strings.Add(request.Executable);
        foreach (var argument in request.Arguments)
        {
            *next++ = strings.Add(argument);
        }

        *next++ = null;
        environment = next;
        foreach (var (name, value) in request.Environment)
        {
            *next++ = strings.AddPair(name, value);
        }

        *next = null;
        return strings;
    }

    private static byte* NewAttributes()
    {
        // Larger than posix_spawnattr_t (336 bytes) and sigset_t (128 bytes) of any C library; never freed, never changed.
        var attributes = (byte*)NativeMemory.AllocZeroed(1024);
        Span<byte> signals = stackalloc byte[256];
        _ = Libc.SpawnAttrInit(attributes);
        fixed (byte* set = signals)
        {
            // All bits, not sigfillset: that leaves out two signals of the C library itself, which the child would then ignore.
            signals.Fill(0xff);
            _ = Libc.SpawnAttrSetSigDefault(attributes, set);
            signals.Clear();
            _ = Libc.SpawnAttrSetSigMask(attributes, set);
        }

        _ = Libc.SpawnAttrSetFlags(attributes, SetSigDef | SetSigMask | SetSid);
        return attributes;
    }

    // glibc from 2.34. Without it, it is O_CLOEXEC, which .NET sets on everything, that keeps descriptors out of the child.
    private static delegate* unmanaged<byte*, int, int> FindAddCloseFrom() =>
        NativeLibrary.TryGetExport(NativeLibrary.GetMainProgramHandle(), "posix_spawn_file_actions_addclosefrom_np", out var address)
            ? (delegate* unmanaged<byte*, int, int>)address
            : null;
}
