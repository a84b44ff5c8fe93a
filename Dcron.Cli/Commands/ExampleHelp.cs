using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Dcron.Cli.Commands;

/// <summary>The library's help, then the examples of the command.</summary>
internal sealed class ExampleHelp(HelpAction help) : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        help.Invoke(parseResult);
        if (parseResult.CommandResult.Command is ExampleCommand { Examples.Count: > 0 } command)
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var example in command.Examples)
                output.WriteLine("  " + example);
            output.WriteLine();
        }

        return ExitCodes.Succeeded;
    }
}
