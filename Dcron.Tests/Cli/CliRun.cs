using System.Text;
using Dcron.Cli;
using Dcron.Cli.Commands;

namespace Dcron.Tests.Cli;

/// <summary>One run of <c>dcron</c> inside the test's process.</summary>
internal sealed record CliRun(int Code, string Out, string Error)
{
    public static async Task<CliRun> Of(FakeServer server, Options options, params string[] args)
    {
        using var output = new MemoryStream();
        using var error = new StringWriter();
        var shell = new Shell
        {
            Input = new MemoryStream(Encoding.UTF8.GetBytes(options.Input)),
            Output = output,
            Error = error,
            OutputIsTerminal = options.Terminal,
            ErrorIsTerminal = false,
            Width = 200,
            Variable = name => options.Variables.GetValueOrDefault(name),
            Time = options.Time,
            Network = server,
        };
        var code = await new CommandTree(shell).InvokeAsync(args).WaitAsync(TimeSpan.FromSeconds(30));
        return new CliRun(code, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }

    public static Task<CliRun> Of(FakeServer server, params string[] args) => Of(server, new Options(), args);

    internal sealed record Options
    {
        public string Input { get; init; } = "";

        public bool Terminal { get; init; }

        public SkippingTime Time { get; init; } = new();

        public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();
    }
}
