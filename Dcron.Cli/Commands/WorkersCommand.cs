using System.CommandLine;
using System.Globalization;
using Dcron.Cli.Api;
using Dcron.Cli.Output;

namespace Dcron.Cli.Commands;

/// <summary><c>dcron workers</c>.</summary>
internal static class WorkersCommand
{
    public static Command Create(CommandTree tree) =>
        tree.On(new ExampleCommand("workers", "Show the workers: slots, what runs, interpreters, labels.", "dcron workers"), (context, cancel) =>
            context.AnswerAsync(Call.Get("workers"), ApiJson.Default.ListWorkerBody, workers =>
            {
                if (workers.Count == 0)
                    context.Printer.Note("There are no workers: nothing that is due can run.");
                else
                    context.Printer.Table(List(workers));
            }, cancel));

    private static Table List(IReadOnlyList<WorkerBody> workers)
    {
        var table = new Table("WORKER", "HOST", "STATE", "RUNNING", "SLOTS", "INTERPRETERS", "LABELS");
        foreach (var worker in workers)
        {
            table.Add(worker.WorkerId, worker.Host, new Table.Cell(worker.State, worker.State == "active" ? Tone.Good : Tone.Busy),
                worker.Running.ToString(CultureInfo.InvariantCulture), worker.Slots.ToString(CultureInfo.InvariantCulture),
                worker.Interpreters.Count == 0 ? Shown.Nothing
                    : string.Join(", ", worker.Interpreters.OrderBy(i => i.Key, StringComparer.Ordinal).Select(i => $"{i.Key} {i.Value}")),
                Shown.Pairs(worker.Labels));
        }

        return table;
    }
}
