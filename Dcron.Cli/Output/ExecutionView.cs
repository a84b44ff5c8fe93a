using System.Globalization;
using System.Text.Json;
using Dcron.Cli.Api;

namespace Dcron.Cli.Output;

/// <summary>Executions for people.</summary>
internal static class ExecutionView
{
    /// <param name="executions">Newest first.</param>
    public static Table List(IReadOnlyList<ExecutionBody> executions)
    {
        var table = new Table("EXECUTION", "FIRE TIME", "TRIGGER", "RESULT", "EXIT", "LAG", "TOOK", "LOG", "WORKER", "REASON");
        foreach (var e in executions)
        {
            table.Add(e.ExecutionId, Shown.Time(e.ExecutionDate), Trigger(e), Result(e), Exit(e), Lag(e), Shown.Duration(e.FinishedAt - e.StartedAt),
                e.LogBytes is { } bytes ? Shown.Size(bytes) : Shown.Nothing, Shown.OrNothing(e.WorkerId), Shown.OrNothing(e.Reason));
        }

        return table;
    }

    public static IReadOnlyList<(string, string)> Fields(ExecutionBody e) =>
    [
        ("execution", e.ExecutionId),
        ("job", e.JobId),
        ("fire time", Shown.Time(e.ExecutionDate)),
        ("trigger", Shown.OrNothing(e.Trigger)),
        ("attempt", e.Attempt.ToString(CultureInfo.InvariantCulture)),
        ("result", e.ExecutionResult),
        ("exit status", Exit(e)),
        ("reason", Shown.OrNothing(e.Reason)),
        ("started", $"{Shown.Time(e.StartedAt)}{(Lag(e) is var lag and not Shown.Nothing ? $" (lag {lag})" : "")}"),
        ("finished", Shown.Time(e.FinishedAt)),
        ("took", Shown.Duration(e.FinishedAt - e.StartedAt)),
        ("worker", Shown.OrNothing(e.WorkerId)),
        ("log", e.LogsPath is null ? Shown.Nothing : $"{e.LogsPath}{(e.LogBytes is { } bytes ? $" ({Shown.Size(bytes)})" : "")}"),
        ("script sha256", Shown.OrNothing(e.ScriptSha256)),
        ("containment", ContainmentView.Whole(e.Containment)),
        ("used", ContainmentView.Use(e.Use)),
    ];

    /// <summary>What became of it, as the end of a sentence that begins with its id.</summary>
    public static string Outcome(ExecutionBody e)
    {
        var how = e.ExecutionResult switch
        {
            "succeeded" => "succeeded",
            "failed" when SignalOf(e) is { } signal => $"failed: ended by {signal}",
            "failed" when e.ExitStatus is { } status => string.Create(CultureInfo.InvariantCulture, $"failed with exit status {status}"),
            "failed" => "failed",
            "timed_out" => "timed out",
            _ => $"is {e.ExecutionResult}",
        };
        var took = e.FinishedAt - e.StartedAt is { } span ? $" after {Shown.Duration(span)}" : "";
        // What the sentence says already is not said twice; anything more (trouble with the log, say) is.
        var told = string.Create(CultureInfo.InvariantCulture, $"The script exited with status {e.ExitStatus}.");
        var why = string.IsNullOrEmpty(e.Reason) || e.Reason == told || e.Reason == $"The script was ended by {SignalOf(e)}." ? "" : $" ({e.Reason.TrimEnd('.')})";
        return how + took + why;
    }

    public static string Progress(ExecutionBody e, DateTimeOffset now) => e.StartedAt is { } started
        ? $"{e.ExecutionId} has been running for {Shown.Duration(now - started)} on {e.WorkerId}"
        : $"{e.ExecutionId} is {e.ExecutionResult}";

    private static Table.Cell Result(ExecutionBody e) => new(e.ExecutionResult, e.ExecutionResult switch
    {
        "succeeded" => Tone.Good,
        "failed" or "timed_out" or "lost" or "missed" => Tone.Bad,
        "running" => Tone.Busy,
        _ => Tone.Faint,
    });

    private static string Trigger(ExecutionBody e) =>
        e.Attempt > 1 ? string.Create(CultureInfo.InvariantCulture, $"{e.Trigger} (attempt {e.Attempt})") : Shown.OrNothing(e.Trigger);

    private static string Exit(ExecutionBody e) =>
        SignalOf(e) ?? e.ExitStatus?.ToString(CultureInfo.InvariantCulture) ?? Shown.Nothing;

    // A manual run is named by the second in which it was asked for, a backfill by a time long past; nothing says how late they began.
    private static string Lag(ExecutionBody e) => e.Trigger is "manual" or "backfill" ? Shown.Nothing : Shown.Duration(e.StartedAt - (e.DueAt ?? e.ExecutionDate));

    private static string? SignalOf(ExecutionBody e) => e.Signal?.ValueKind switch
    {
        JsonValueKind.String => e.Signal.Value.GetString(),
        JsonValueKind.Number => "signal " + e.Signal.Value.GetRawText(),
        _ => null,
    };
}
