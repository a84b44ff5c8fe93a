using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Text.Json;
using Dcron.Cli.Api;
using Dcron.Cli.Input;
using Dcron.Cli.Output;

namespace Dcron.Cli.Commands;

/// <summary>The whole command line: parses it, runs what it says, answers the exit code.</summary>
internal sealed class CommandTree
{
    private readonly Shell _shell;
    private readonly Printer _printer;
    private readonly GlobalOptions _globals = new();
    private readonly HashSet<Command> _takeTrailing = [];
    private readonly RootCommand _root;
    private IReadOnlyList<string>? _trailing;

    public CommandTree(Shell shell)
    {
        (_shell, _printer) = (shell, new Printer(shell));
        _root = new RootCommand("cron for a pool of machines: scripts go in, run on schedule, and their logs come out.")
        {
            JobCommand.Create(this),
            ExecutionsCommand.Create(this),
            ExecutionCommand.Create(this),
            JobRunCommand.CreateRerun(this),
            LogsCommand.Create(this),
            CancelCommand.Create(this),
            WorkersCommand.Create(this),
            WorkerCommand.Create(this),
            PreviewCommand.Create(this),
            VerifyCommand.Create(this),
            KeyCommand.Create(this),
            SecretCommand.Create(this),
            AuditCommand.Create(this),
            HelpCommand(),
        };
        foreach (var option in _globals.All)
            _root.Add(option);
        var help = _root.Options.OfType<HelpOption>().Single();
        help.Action = new ExampleHelp((HelpAction)help.Action!);
    }

    public TimeProvider Time => _shell.Time;

    /// <param name="takesTrailing">True when the command has a use for what follows <c>--</c>.</param>
    public ExampleCommand On(ExampleCommand command, Func<CommandContext, CancellationToken, Task<int>> run, bool takesTrailing = false)
    {
        if (takesTrailing)
            _takeTrailing.Add(command);
        command.SetAction((parsed, cancel) => RunAsync(parsed, run, cancel));
        return command;
    }

    public async Task<int> InvokeAsync(IReadOnlyList<string> args, CancellationToken cancel = default)
    {
        // Everything after -- belongs to the script, also where it looks like one of our options.
        var split = args.TakeWhile(a => a != "--").Count();
        _trailing = split < args.Count ? [.. args.Skip(split + 1)] : null;

        // No response files: "@daily" is a schedule.
        var parsed = _root.Parse([.. args.Take(split)], new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Action is ParseErrorAction && parsed.CommandResult.Command.Subcommands.Count > 0 && parsed.UnmatchedTokens.Count == 0)
        {
            await ShowAsync(_root.Parse([.. args.Take(split), "--help"]), cancel);
            return ExitCodes.Usage;
        }

        if (Complaints(parsed) is { Count: > 0 } complaints)
        {
            foreach (var complaint in complaints)
                _printer.Note(complaint);
            _printer.ErrorLine($"Try '{PathOf(parsed)} --help'.");
            return ExitCodes.Usage;
        }

        return await ShowAsync(parsed, cancel);
    }

    private async Task<int> ShowAsync(ParseResult parsed, CancellationToken cancel)
    {
        using var output = new StringWriter();
        var code = await parsed.InvokeAsync(new InvocationConfiguration
        {
            Output = output,
            Error = _shell.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = TimeSpan.FromSeconds(2),
        }, cancel);
        _printer.Text(output.ToString());
        return code;
    }

    private List<string> Complaints(ParseResult parsed)
    {
        if (parsed.Action is not ParseErrorAction)
            return _trailing is null || _takeTrailing.Contains(parsed.CommandResult.Command) || parsed.Action is ExampleHelp
                ? []
                : [$"'{PathOf(parsed)}' has no use for what follows '--'."];

        // The parser says of `dcron jbo` both that it is unknown and that a command is missing: the first is enough.
        var complaints = parsed.Errors.Select(e => OneLine(e.Message)).Distinct().ToList();
        return parsed.UnmatchedTokens.Count > 0 && complaints.Count > 1
            ? complaints.Where(c => !c.StartsWith("Required command", StringComparison.Ordinal)).ToList()
            : complaints;
    }

    // The parser puts what a word may be on lines of their own, and line ends don't get to a terminal as such.
    private static string OneLine(string message) => string.Join(' ', message.Split((char[])['\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries));

    private static string PathOf(ParseResult parsed)
    {
        var names = new Stack<string>();
        for (var at = parsed.CommandResult; at is not null; at = at.Parent as System.CommandLine.Parsing.CommandResult)
            names.Push(at.Command is RootCommand ? "dcron" : at.Command.Name);
        return string.Join(' ', names);
    }

    private async Task<int> RunAsync(ParseResult parsed, Func<CommandContext, CancellationToken, Task<int>> run, CancellationToken cancel)
    {
        var address = First(parsed.GetValue(_globals.Server), _shell.Variable("DCRON_SERVER")) ?? ServerAddress.Default;
        if (!ServerAddress.TryParse(address, out var server))
        {
            _printer.Note($"'{address}' is not a server's address; write for example {ServerAddress.Default} (--server or DCRON_SERVER).");
            return ExitCodes.Usage;
        }

        var key = First(parsed.GetValue(_globals.Key), _shell.Variable("DCRON_KEY"))?.Trim();
        if (key is not null && !key.All(char.IsAscii))
        {
            _printer.Note("The API key (--key or DCRON_KEY) has letters that no key has.");
            return ExitCodes.Usage;
        }

        using var api = new ApiClient(server, key, parsed.GetValue(_globals.RetryFor) ?? GlobalOptions.DefaultPatience, _shell.Time, _printer.Note, _shell.Network)
        {
            Namespace = First(parsed.GetValue(_globals.Namespace), _shell.Variable("DCRON_NAMESPACE")),
        };
        var context = new CommandContext(parsed, _shell, _printer, api, parsed.GetValue(_globals.Json)) { Trailing = _trailing };
        try
        {
            return await run(context, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return ExitCodes.Interrupted;
        }
        catch (JsonException)
        {
            _printer.Note($"{api.Server} answers, but not as a dcron server of this version does. Does --server name the right one?");
            return ExitCodes.Failed;
        }
        catch (BrokenPipeException)
        {
            return ExitCodes.BrokenPipe;
        }
        catch (IOException e)
        {
            _printer.Note(e.Message);
            return ExitCodes.Failed;
        }
    }

    private ExampleCommand HelpCommand()
    {
        var path = new Argument<string[]>("command") { Arity = ArgumentArity.ZeroOrMore, Description = "The command to explain." };
        var command = new ExampleCommand("help", "Explain a command.", "dcron help job create") { path };
        command.SetAction((parsed, cancel) => _root.Parse([.. parsed.GetValue(path) ?? [], "--help"])
            .InvokeAsync(parsed.InvocationConfiguration, cancel));
        return command;
    }

    private static string? First(params ReadOnlySpan<string?> texts)
    {
        foreach (var text in texts)
        {
            if (!string.IsNullOrEmpty(text))
                return text;
        }

        return null;
    }
}
