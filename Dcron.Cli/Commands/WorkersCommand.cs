using System.CommandLine;
using System.Globalization;
using Dcron.Cli.Api;
using Dcron.Cli.Output;

namespace Dcron.Cli.Commands;

/// <summary><c>dcron workers</c>.</summary>
internal static class WorkersCommand
{
    private const double AgreesWithin = 0.5;
    private const double DiffersFrom = 2; // where the leader warns

    public static Command Create(CommandTree tree) =>
        tree.On(new ExampleCommand("workers", "Show the workers: slots, what runs, interpreters, labels, how scripts are contained.", "dcron workers"), (context, cancel) =>
            context.AnswerAsync(Call.Get("workers"), ApiJson.Default.ListWorkerBody, workers =>
            {
                if (workers.Count == 0)
                    context.Printer.Note("There are no workers: nothing that is due can run.");
                else
                    context.Printer.Table(List(workers));
            }, cancel));

    private static Table List(IReadOnlyList<WorkerBody> workers)
    {
        var table = new Table("WORKER", "HOST", "STATE", "RUNNING", "SLOTS", "CLOCK", "INTERPRETERS", "LABELS", "CONTAINMENT");
        foreach (var worker in workers)
        {
            table.Add(worker.WorkerId, worker.Host, new Table.Cell(worker.State, worker.State == "active" ? Tone.Good : Tone.Busy),
                worker.Running.ToString(CultureInfo.InvariantCulture), worker.Slots.ToString(CultureInfo.InvariantCulture),
                Clock(worker.ClockOffsetSeconds), worker.Interpreters.Count == 0 ? Shown.Nothing
                    : string.Join(", ", worker.Interpreters.OrderBy(i => i.Key, StringComparer.Ordinal).Select(i => $"{i.Key} {i.Value}")),
                Shown.Pairs(worker.Labels), ContainmentView.Short(worker.Containment));
        }

        return table;
    }

    // Against that of the leader's machine. What is left of a difference that nobody could see is the way of the report.
    private static Table.Cell Clock(double? offsetSeconds) => offsetSeconds switch
    {
        null => new Table.Cell(Shown.Nothing),
        > -AgreesWithin and < AgreesWithin => new Table.Cell("agrees"),
        { } offset => new Table.Cell(offset.ToString("+0.0 s;-0.0 s", CultureInfo.InvariantCulture), Math.Abs(offset) < DiffersFrom ? Tone.Busy : Tone.Bad),
    };
}
