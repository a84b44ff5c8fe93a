using System.CommandLine;
using Dcron.Cli.Api;

namespace Dcron.Cli.Commands;

/// <summary><c>dcron worker …</c>: one worker.</summary>
internal static class WorkerCommand
{
    public static Command Create(CommandTree tree) => new("worker", "Take a worker out of service and back; 'dcron workers' lists them.")
    {
        Change(tree, "drain", "Let a worker accept nothing more; what runs there goes on.", "accepts nothing more; what runs there goes on"),
        Change(tree, "undrain", "Let a worker accept launches again.", "accepts launches again"),
    };

    private static ExampleCommand Change(CommandTree tree, string verb, string description, string done)
    {
        var worker = new Argument<string>("WORKER") { Description = "A worker's id, as 'dcron workers' shows it." };
        return tree.On(new ExampleCommand(verb, description, $"dcron worker {verb} 127.0.0.1:11111@154452482") { worker }, async (context, cancel) =>
        {
            var id = context.Get(worker);
            switch (await context.Api.SendAsync(Call.Post($"workers/{Uri.EscapeDataString(id)}/{verb}"), cancel))
            {
                case Answer.Ok ok:
                    if (context.Json)
                        context.Printer.Json(ok.Body);
                    else
                        context.Printer.Line($"{id} {done}.");
                    return ExitCodes.Succeeded;
                case var failure:
                    return context.Fail(failure);
            }
        });
    }
}
