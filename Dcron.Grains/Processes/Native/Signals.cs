using System.Globalization;

namespace Dcron.Grains.Processes.Native;

/// <summary>Signals of Linux (x86-64, arm64) by number and name.</summary>
internal static class Signals
{
    public const int Hangup = 1;
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Child = 17;
    public const int Continue = 18;
    public const int Stop = 19;

    private static readonly string[] Names =
    [
        "", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV", "SIGUSR2",
        "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU",
        "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
    ];

    /// <summary><c>SIGKILL</c> for 9; real-time signals are <c>SIGRTMIN+n</c> counted from 34, as the C library counts them.</summary>
    public static string NameOf(int number) => number switch
    {
        > 0 when number < Names.Length => Names[number],
        34 => "SIGRTMIN",
        > 34 and <= 64 => string.Create(CultureInfo.InvariantCulture, $"SIGRTMIN+{number - 34}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"SIG{number}"),
    };

    /// <summary>
    /// Makes sure that exits can be waited for: when whoever started this process ignores SIGCHLD, the kernel throws exit
    /// statuses away, and .NET's own handling would reap every child, ours included.
    /// </summary>
    public static unsafe void StopIgnoringChildExits()
    {
        const nint ignore = 1;
        var previous = stackalloc byte[256];
        if (Libc.SigAction(Child, null, previous) == 0 && *(nint*)previous == ignore)
        {
            Libc.Signal(Child, 0);
        }
    }
}
