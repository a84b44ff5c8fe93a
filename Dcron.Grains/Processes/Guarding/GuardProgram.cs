using System.Text;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes.Guarding;

/// <summary>
/// The guard: a small process beside a node that ends the node's scripts when the node is killed (its end of the pipe closes) or stopped
/// (its lease runs out). It is started by the node itself as <c>Dcron.Silo guard</c> and ends with it.
/// </summary>
public static class GuardProgram
{
    /// <summary>The command line argument that asks for it.</summary>
    public const string Argument = "guard";

    private const long RecheckMilliseconds = 1000;

    /// <summary>Serves until standard input ends.</summary>
    /// <returns>The exit status of the process.</returns>
    public static int Run()
    {
        Platform.Check();

        // A service manager signals every process of a service. The guard goes when the node is gone, not before.
        foreach (var signal in (ReadOnlySpan<int>)[Signals.Hangup, Signals.Interrupt, Signals.Terminate])
        {
            Libc.Signal(signal, 1);
        }

        _ = Libc.Fcntl(1, Libc.F_SETFL, Libc.O_NONBLOCK); // a stopped node does not read
        var reaper = new Reaper();
        reaper.KillAll([new GuardedScript("-")]); // compiles what must be quick later
        Report("ready");
        return Serve(new GuardBook(), reaper);
    }

    private static unsafe int Serve(GuardBook book, Reaper reaper)
    {
        var buffer = stackalloc byte[4096];
        while (true)
        {
            var input = new PollFd { Fd = 0, Events = Libc.POLLIN };
            var ready = Libc.Poll(&input, 1, NextTimeout(book));
            if (ready > 0)
            {
                var read = Libc.Read(0, buffer, 4096);
                if (read == 0 || (read < 0 && Libc.LastError is not (Errno.EINTR or Errno.EAGAIN)))
                {
                    reaper.KillAll(book.Scripts);
                    return 0;
                }

                if (read > 0)
                {
                    book.Take(new ReadOnlySpan<byte>(buffer, (int)read));
                    foreach (var script in book.Scripts)
                    {
                        reaper.Identify(script);
                    }
                }
            }

            foreach (var script in book.Expire(BootClock.Milliseconds))
            {
                Report("ended " + script.ExecutionId); // said first: whoever sees the death can read the reason already
            }

            if (book.Scripts.Any(script => script.Condemned))
            {
                reaper.KillAll([.. book.Scripts.Where(script => script.Condemned)]);
            }
        }
    }

    private static int NextTimeout(GuardBook book)
    {
        if (book.Scripts.Any(script => script.Condemned))
        {
            return (int)RecheckMilliseconds;
        }

        // The kernel's timeouts stand still while the machine sleeps, the lease does not.
        return book.MillisecondsToExpiry(BootClock.Milliseconds) is { } left ? (int)Math.Min(left + 1, RecheckMilliseconds) : Timeout.Infinite;
    }

    private static unsafe void Report(string line)
    {
        var bytes = Encoding.UTF8.GetBytes(line + "\n");
        fixed (byte* start = bytes)
        {
            _ = Libc.Write(1, start, bytes.Length);
        }
    }
}
