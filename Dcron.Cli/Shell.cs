using Microsoft.Win32.SafeHandles;

namespace Dcron.Cli;

/// <summary>What surrounds the process: its streams, its environment, its clock and its way to the network.</summary>
internal sealed class Shell
{
    public required Stream Input { get; init; }

    public required Stream Output { get; init; }

    public required TextWriter Error { get; init; }

    public required bool OutputIsTerminal { get; init; }

    public required bool ErrorIsTerminal { get; init; }

    /// <summary>Columns of the terminal.</summary>
    public int Width { get; init; } = 80;

    public required Func<string, string?> Variable { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Null for the real network.</summary>
    public HttpMessageHandler? Network { get; init; }

    /// <summary>Colours are for terminals that can, and for people who have not said no (https://no-color.org).</summary>
    public bool Colours => OutputIsTerminal && string.IsNullOrEmpty(Variable("NO_COLOR")) && Variable("TERM") is not "dumb";

    public static Shell OfThisProcess() => new()
    {
        Input = Console.OpenStandardInput(),
        Output = StandardOutput(),
        Error = Console.Error,
        OutputIsTerminal = !Console.IsOutputRedirected,
        ErrorIsTerminal = !Console.IsErrorRedirected,
        Width = Console.IsOutputRedirected ? 80 : Math.Max(Console.WindowWidth, 40),
        Variable = Environment.GetEnvironmentVariable,
    };

    private static Stream StandardOutput()
    {
        // Console's own stream swallows EPIPE, so that `dcron logs --follow | head -1` would run on for as long as the script does. A
        // FileStream tells; but over a file it keeps a position of its own and would overwrite what others write to the same file.
        if (OperatingSystem.IsWindows() || !Console.IsOutputRedirected)
            return Console.OpenStandardOutput();

        var stream = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return stream.CanSeek ? Console.OpenStandardOutput() : stream;
    }
}
