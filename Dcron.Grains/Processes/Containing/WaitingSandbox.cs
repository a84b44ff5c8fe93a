using System.Text;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes.Containing;

/// <summary>
/// A sandbox that has been started and waits at its hatch: bubblewrap, below it the first process of its own process namespace, and below that a shell
/// that will become the script. What to become it is handed in a letter, a file in memory, so that neither disk nor command line tells it.
/// </summary>
internal sealed unsafe class WaitingSandbox
{
    private int _letter;
    private int _state;

    private WaitingSandbox(ProcessHandle outer, long startTime, Hatch hatch, OutputEnds output, int letter, bool hasHolder)
    {
        (Outer, StartTime, Hatch, Output) = (outer, startTime, hatch, output);
        (_letter, HasHolder) = (letter, hasHolder);
    }

    /// <summary>Bubblewrap itself.</summary>
    public ProcessHandle Outer { get; }

    /// <summary>When it started, as <c>/proc</c> has it.</summary>
    public long StartTime { get; }

    public Hatch Hatch { get; }

    /// <summary>The node's ends of what the script will print to. What is printed before there is a script comes by the first of them, whatever the script wants.</summary>
    public OutputEnds Output { get; private set; }

    /// <summary>Whether a stopped shell above the script keeps its exit status.</summary>
    public bool HasHolder { get; }

    /// <summary>The first process of its process namespace, once <see cref="Arrive"/> has found it.</summary>
    public ProcessHandle? First { get; private set; }

    /// <summary>The stopped shell above the script; null where there is none.</summary>
    public int? Holder { get; private set; }

    /// <summary>What stands at the hatch and will be the script's main process, once <see cref="Arrive"/> has found it.</summary>
    public ProcessHandle? Main { get; private set; }

    /// <summary>True once all is done that can be done before there is a script.</summary>
    public bool HasArrived { get; private set; }

    /// <summary>Starts one. It need not stand at the hatch yet when this returns.</summary>
    /// <param name="sandbox">Bubblewrap's command line up to what it runs.</param>
    /// <exception cref="IOException">The system does not let it; the message says why.</exception>
    public static WaitingSandbox Start(IReadOnlyList<string> sandbox, bool hasHolder)
    {
        var (hatch, theirs, output, theirOutput, letter) = (default(Hatch), -1, default(OutputEnds?), default(OutputEnds?), -1);
        try
        {
            Check(Hatch.Make(out hatch, out theirs), "No socket could be made for it");
            Check(OutputEnds.Make(apart: true, out var read, out var write), "No pipe could be made for its output");
            (output, theirOutput) = (read, write);
            letter = NewLetter();
            Check(letter < 0 ? Libc.LastError : Errno.None, "No file in memory could be made for it");
            var line = ContainedLaunch.Waiting(sandbox, hasHolder);
            var request = new SpawnRequest(line[0], line[1..], new Dictionary<string, string>(), "/", null, write.Output, theirs, letter, write.Errors);
            var (error, pid) = SpawnThread.Plain.Run(() => (Spawner.Spawn(request, out var started), started));
            Check(error, $"{line[0]} could not be started");
            var descriptor = Libc.PidFdOpen(pid);
            if (descriptor < 0)
            {
                var reason = Libc.LastError;
                ProcessHandle.Abandon(pid);
                Check(reason, "Its process could not be followed");
            }

            return new WaitingSandbox(new ProcessHandle(pid, descriptor), new ProcFs().Stat(pid)?.StartTime ?? 0, hatch!, read, letter, hasHolder);
        }
        catch
        {
            hatch?.Close();
            output?.Close();
            Close(letter);
            throw;
        }
        finally
        {
            Close(theirs);
            theirOutput?.Close();
        }
    }

    /// <summary>Waits until it stands at the hatch, and does all that can be done before there is a script.</summary>
    /// <returns>False when it does not get there in time, or something fails; then it is of no use.</returns>
    public bool ArrivesWithin(TimeSpan limit, ControlGroup? group)
    {
        var descriptor = new PollFd { Fd = Hatch.Descriptor, Events = Libc.POLLIN };
        return Libc.Poll(&descriptor, 1, (int)limit.TotalMilliseconds) == 1 && Hatch.Knocked() is true && Arrive(new ProcFs(), group) is null;
    }

    /// <summary>Finds its processes once it has knocked, and so waits: all of them are where they have to be. Puts the main one into its control group.</summary>
    /// <returns>A sentence about what failed; null when all is done.</returns>
    public string? Arrive(ProcFs proc, ControlGroup? group)
    {
        int? OnlyChildOf(int pid) => proc.ChildrenOf(pid) is [var child] ? child : null;
        if (OnlyChildOf(Outer.Pid) is not { } first || OnlyChildOf(first) is not { } next || (HasHolder ? OnlyChildOf(next) : next) is not { } main)
        {
            return "The processes of its sandbox were not found.";
        }

        (First, Holder, Main) = (Follow(first), HasHolder ? next : null, Follow(main));
        if (First is null || Main is null)
        {
            return "The processes of its sandbox could not be followed.";
        }

        if (!HasHolder)
        {
            _ = Libc.PidFdSendSignal(Outer.Descriptor, Signals.Stop, 0);
        }

        var error = group?.Add(main);
        HasArrived = error is null;
        return error;
    }

    /// <summary>Writes down what it is to become, once it is let through the hatch. From here on it belongs to whoever runs the script.</summary>
    /// <param name="letter">Commands of the shell that waits.</param>
    /// <param name="marksErrors">Whether standard error has a pipe of its own, as the letter says too.</param>
    /// <returns>A sentence about why not; null when it is done.</returns>
    public string? Hand(string letter, bool marksErrors)
    {
        if (Interlocked.Exchange(ref _state, 1) != 0)
        {
            return "Its sandbox was ended meanwhile.";
        }

        if (!marksErrors && Output.Errors is { } unused)
        {
            Close(unused);
            Output = Output with { Errors = null };
        }

        var bytes = Encoding.UTF8.GetBytes(letter);
        nint written = 0;
        fixed (byte* start = bytes)
        {
            while (written < bytes.Length && Libc.PWrite(_letter, start + written, bytes.Length - written, written) is var more and > 0)
            {
                written += more;
            }
        }

        var error = written < bytes.Length ? Libc.LastError : Errno.None;
        Close(_letter);
        if (error is not Errno.None)
        {
            Abandon();
        }

        return error is Errno.None ? null : $"What it is to run could not be handed to its sandbox: {error.Text()}.";
    }

    /// <summary>Ends it, unless it was handed its letter: then it is not this one's any more.</summary>
    public void End()
    {
        if (Interlocked.Exchange(ref _state, 1) == 0)
        {
            Close(_letter);
            Abandon();
        }
    }

    private void Abandon()
    {
        Hatch.Close();
        ProcessHandle.Abandon(Outer.Pid);
        Outer.Close();
        if (First is { } first)
        {
            int status;
            _ = Libc.PidFdSendSignal(first.Descriptor, Signals.Kill, 0);
            _ = Libc.Wait4(first.Pid, &status, 0, null); // this node's child, now that bubblewrap is gone; or nobody's to wait for
            first.Close();
        }

        Main?.Close();
        Output.Close();
    }

    private static ProcessHandle? Follow(int pid) => Libc.PidFdOpen(pid) is var descriptor and >= 0 ? new ProcessHandle(pid, descriptor) : null;

    private static int NewLetter()
    {
        const string name = "dcron";
        var made = Libc.MemFdCreate(name, Libc.MFD_CLOEXEC | Libc.MFD_NOEXEC_SEAL);
        return Spawner.KeepClearOfStandardStreams(made >= 0 ? made : Libc.MemFdCreate(name, Libc.MFD_CLOEXEC)); // kernels before 6.3 don't know the seal
    }

    private static void Check(Errno error, string what)
    {
        if (error is not Errno.None)
        {
            throw new IOException($"The sandbox could not be made. {what}: {error.Text()}.");
        }
    }

    private static void Close(int descriptor)
    {
        if (descriptor >= 0)
        {
            _ = Libc.Close(descriptor);
        }
    }
}
