namespace Dcron.Cli;

/// <summary>What <c>dcron</c> answers to the shell. Documented in docs/cli.md; scripts rely on it.</summary>
internal static class ExitCodes
{
    public const int Succeeded = 0;

    /// <summary>The server refused or failed the request, or the run that was waited for did not succeed.</summary>
    public const int Failed = 1;

    /// <summary>The command line makes no sense; nothing was sent.</summary>
    public const int Usage = 2;

    /// <summary>No server answered.</summary>
    public const int OutOfReach = 3;

    /// <summary>Ctrl-C: 128 + SIGINT, as shells have it.</summary>
    public const int Interrupted = 130;

    /// <summary>Whoever read our output went away: 128 + SIGPIPE.</summary>
    public const int BrokenPipe = 141;
}
