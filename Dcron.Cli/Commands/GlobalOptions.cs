using System.CommandLine;
using Dcron.Cli.Input;

namespace Dcron.Cli.Commands;

/// <summary>What every command takes.</summary>
internal sealed class GlobalOptions
{
    public Option<string?> Server { get; } = new("--server")
    {
        Description = $"Address of any node or front-end. Environment: DCRON_SERVER. Default: {ServerAddress.Default}",
        HelpName = "URL",
        Recursive = true,
    };

    public Option<string?> Key { get; } = new("--key")
    {
        Description = "API key. Better in the environment variable DCRON_KEY: what stands on a command line is shown to every user of this "
            + "machine (ps) and kept in the shell's history.",
        HelpName = "KEY",
        Recursive = true,
    };

    public Option<string?> Namespace { get; } = new("--namespace")
    {
        Description = "Namespace to work in: where a new job or secret belongs, and what is listed. Environment: DCRON_NAMESPACE. Default: what the key allows.",
        HelpName = "NAME",
        Recursive = true,
    };

    public Option<bool> Json { get; } = new("--json")
    {
        Description = "Write the server's JSON to stdout and nothing else; a refusal's JSON goes to stderr.",
        Recursive = true,
    };

    public Option<TimeSpan?> RetryFor { get; } = new("--retry-for")
    {
        Description = "How long to go on trying when no server answers, or one asks for patience. Default: 10s",
        HelpName = "SPAN",
        Recursive = true,
        CustomParser = Parsers.DurationOrZero,
    };

    public static TimeSpan DefaultPatience { get; } = TimeSpan.FromSeconds(10);

    public IEnumerable<Option> All => [Server, Key, Namespace, Json, RetryFor];
}
