using System.CommandLine;
using Dcron.Cli.Api;

namespace Dcron.Cli.Commands;

/// <summary><c>dcron cancel</c>.</summary>
internal static class CancelCommand
{
    public static Command Create(CommandTree tree)
    {
        var execution = new Argument<string>("EXECUTION") { Description = "An execution's id, as 'dcron executions' shows it." };
        var command = new ExampleCommand("cancel", "End an execution: its script is asked to stop, and made to after a grace time.",
            "dcron cancel 01m84gb4vdwm28p0ctef@20261124T020000Z")
        {
            execution,
        };
        return tree.On(command, async (context, cancel) =>
        {
            var id = context.Get(execution);
            switch (await context.Api.SendAsync(Call.Post($"executions/{Uri.EscapeDataString(id)}/cancel"), cancel))
            {
                case Answer.Ok ok:
                    if (context.Json)
                        context.Printer.Json(ok.Body);
                    else
                        context.Printer.Line($"{id} is being cancelled.");
                    return ExitCodes.Succeeded;
                case var failure:
                    return context.Fail(failure);
            }
        });
    }
}
