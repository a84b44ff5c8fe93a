using System.CommandLine;
using Dcron.Cli.Api;
using Dcron.Cli.Output;

namespace Dcron.Cli.Commands;

/// <summary><c>dcron execution show</c>: the whole story of one execution.</summary>
internal static class ExecutionCommand
{
    public static Command Create(CommandTree tree)
    {
        var execution = new Argument<string>("EXECUTION") { Description = "An execution's id, as 'dcron executions' shows it." };
        var show = new ExampleCommand("show", "Show one execution in full: who was offered it, when what happened, and what it ran with.",
            "dcron execution show 01m84gb4vdwm28p0ctef@20261124T020000Z")
        {
            execution,
        };
        return new Command("execution", "Show one execution.")
        {
            tree.On(show, (context, cancel) => context.AnswerAsync(Call.Get($"executions/{Uri.EscapeDataString(context.Get(execution))}"), ApiJson.Default.ExecutionBody,
                body => context.Printer.Fields([.. ExecutionView.Fields(body), .. ExecutionStory.Fields(body)]), cancel)),
        };
    }
}
