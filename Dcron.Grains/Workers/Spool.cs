using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dcron.Grains.Executions;
using Dcron.Grains.Json;

namespace Dcron.Grains.Workers;

/// <summary>
/// What this node has in hand, on its own disk: for each execution the claim, the log as it comes, and the outcome until it is stored.
/// It outlives the process, so that a node that was killed can tell afterwards what it was doing.
/// </summary>
/// <remarks>
/// Each start of the node has a folder of its own in it, so that what an earlier one left is never mistaken for its own. Two files an execution,
/// no folder: ext4 looks longer and longer for a free inode the more were freed in the last seconds.
/// </remarks>
/// <param name="root">The spool of this node, the same at each start.</param>
/// <param name="generation">Of this start; rises.</param>
internal sealed class Spool(string root, int generation)
{
    private readonly string _own = Path.Combine(root, generation.ToString(CultureInfo.InvariantCulture));

    /// <exception cref="IOException">The disk is full or does not work.</exception>
    public SpoolEntry Create(SpooledClaim claim)
    {
        var entry = new SpoolEntry(_own, claim.Launch.ExecutionId.ToString());
        var line = JsonSerializer.SerializeToUtf8Bytes(claim, SpoolJson.Default.SpooledClaim);
        try
        {
            File.WriteAllBytes(entry.RecordPath, line);
        }
        catch (DirectoryNotFoundException)
        {
            Directory.CreateDirectory(_own);
            File.WriteAllBytes(entry.RecordPath, line);
        }

        return entry;
    }

    /// <summary>What earlier processes left behind.</summary>
    public IReadOnlyList<SpoolEntry> Leftovers() =>
    [
        .. EarlierStarts().SelectMany(folder => Directory.EnumerateFiles(folder)
            .Select(Path.GetFileNameWithoutExtension).Distinct().Order(StringComparer.Ordinal)
            .Select(name => new SpoolEntry(folder, name!))),
    ];

    /// <summary>Removes the folders of earlier starts that nothing is left in.</summary>
    public void DeleteEmpty()
    {
        foreach (var folder in EarlierStarts().Where(folder => !Directory.EnumerateFileSystemEntries(folder).Any()))
        {
            Directory.Delete(folder);
        }
    }

    private List<string> EarlierStarts() =>
        Directory.Exists(root) ? [.. Directory.EnumerateDirectories(root).Where(folder => folder != _own)] : [];
}

/// <summary>One execution in the spool: <c>{name}.record</c> holds the claim and, on a second line, the outcome; <c>{name}.log</c> the output.</summary>
internal sealed class SpoolEntry(string folder, string name)
{
    public string Name { get; } = name;

    public string RecordPath { get; } = Path.Combine(folder, name + ".record");

    public string LogPath { get; } = Path.Combine(folder, name + ".log");

    /// <summary>Bytes of the log; null when there is none here.</summary>
    public long? LogLength => new FileInfo(LogPath) is { Exists: true } log ? log.Length : null;

    /// <summary>When the script's output was opened, which is when it was started; null when it never was.</summary>
    public DateTimeOffset? LogOpenedAt => new FileInfo(LogPath) is { Exists: true } log ? new DateTimeOffset(log.CreationTimeUtc) : null;

    /// <summary>Null when the process died before the claim was on disk: nothing was claimed then.</summary>
    public SpooledClaim? ReadClaim() => ReadLine(0, SpoolJson.Default.SpooledClaim);

    /// <summary>Null when the execution had not ended.</summary>
    public ExecutionDocument? ReadOutcome() => ReadLine(1, DcronJson.Default.ExecutionDocument);

    public void WriteOutcome(ExecutionDocument outcome)
    {
        using var file = File.OpenHandle(RecordPath, FileMode.Open, FileAccess.Write);
        RandomAccess.Write(file, [(byte)'\n', .. JsonSerializer.SerializeToUtf8Bytes(outcome, DcronJson.Default.ExecutionDocument)], RandomAccess.GetLength(file));
    }

    public void Delete()
    {
        File.Delete(LogPath);
        File.Delete(RecordPath);
    }

    // A line cut short by a full disk or a crash reads as absent.
    private T? ReadLine<T>(int line, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) where T : class
    {
        try
        {
            var lines = File.Exists(RecordPath) ? File.ReadAllLines(RecordPath) : [];
            return line < lines.Length ? JsonSerializer.Deserialize(lines[line], type) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>What a worker claimed, and the token by which it knows the claim for its own.</summary>
internal sealed record SpooledClaim(ExecuteJob Launch, string WorkerId, string Token);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SpooledClaim))]
internal sealed partial class SpoolJson : JsonSerializerContext;
