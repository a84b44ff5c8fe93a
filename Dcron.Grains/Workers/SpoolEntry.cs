using Dcron.Grains.Executions;

namespace Dcron.Grains.Workers;

/// <summary>One execution in the spool: its claim and outcome are lines of the journal, its output is <c>{name}.log</c> beside it.</summary>
internal sealed class SpoolEntry(SpoolJournal journal, string name)
{
    private const string LogEnding = ".log";

    public string Name { get; } = name;

    public string LogPath { get; } = Path.Combine(journal.Folder, name + LogEnding);

    /// <summary>Bytes of the log; null when there is none here.</summary>
    public long? LogLength => new FileInfo(LogPath) is { Exists: true } log ? log.Length : null;

    /// <summary>Null when the process died before the claim was on disk: nothing was claimed then.</summary>
    public SpooledClaim? Claim => journal.Find(Name)?.Claim;

    /// <summary>When its process was started; null when that is not recorded.</summary>
    public DateTimeOffset? StartedAt => journal.Find(Name)?.StartedAt;

    /// <summary>Null when the execution had not ended.</summary>
    public ExecutionDocument? Outcome => journal.Find(Name)?.Outcome;

    /// <summary>The names of the executions whose logs lie in a folder.</summary>
    public static IEnumerable<string> LogsIn(string folder) =>
        Directory.EnumerateFiles(folder, "*" + LogEnding).Select(path => Path.GetFileName(path)[..^LogEnding.Length]);

    /// <exception cref="IOException">The disk is full or does not work.</exception>
    public void WriteOutcome(ExecutionDocument outcome) => journal.Append(Name, outcome);

    /// <exception cref="IOException">The disk is full or does not work.</exception>
    public void Delete()
    {
        File.Delete(LogPath);
        journal.AppendDone(Name);
    }
}
