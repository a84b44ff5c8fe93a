using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dcron.Grains.Executions;
using Dcron.Grains.Json;

namespace Dcron.Grains.Workers;

/// <summary>
/// What this node has in hand, on its own disk: a folder an execution with the claim, the log as it comes, and the outcome until it is stored.
/// It outlives the process, so that a node that was killed can tell afterwards what it was doing.
/// </summary>
/// <remarks>Each start of the node has a folder of its own in it, so that what an earlier one left is never mistaken for its own.</remarks>
/// <param name="root">The spool of this node, the same at each start.</param>
/// <param name="generation">Of this start; rises.</param>
internal sealed class Spool(string root, int generation)
{
    private readonly string _own = Path.Combine(root, generation.ToString(CultureInfo.InvariantCulture));

    /// <exception cref="IOException">The disk is full or does not work.</exception>
    public SpoolEntry Create(SpooledClaim claim)
    {
        var entry = EntryOf(claim.Launch.ExecutionId);
        Directory.CreateDirectory(entry.Folder);
        File.WriteAllBytes(entry.ClaimPath, JsonSerializer.SerializeToUtf8Bytes(claim, SpoolJson.Default.SpooledClaim));
        return entry;
    }

    public SpoolEntry EntryOf(ExecutionId id) => new(Path.Combine(_own, id.ToString()));

    /// <summary>What an earlier process left behind.</summary>
    public IReadOnlyList<SpoolEntry> Leftovers() =>
        [.. EarlierStarts().SelectMany(Directory.EnumerateDirectories).Order(StringComparer.Ordinal).Select(folder => new SpoolEntry(folder))];

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

/// <summary>One execution's folder in the spool.</summary>
internal sealed class SpoolEntry(string folder)
{
    public string Folder { get; } = folder;

    public string ClaimPath => Path.Combine(Folder, "claim.json");

    public string LogPath => Path.Combine(Folder, "log");

    /// <summary>Bytes of the log; null when there is none here.</summary>
    public long? LogLength => new FileInfo(LogPath) is { Exists: true } log ? log.Length : null;

    /// <summary>When the script's output was opened, which is when it was started; null when it never was.</summary>
    public DateTimeOffset? LogOpenedAt => new FileInfo(LogPath) is { Exists: true } log ? new DateTimeOffset(log.CreationTimeUtc) : null;

    private string OutcomePath => Path.Combine(Folder, "outcome.json");

    /// <summary>Null when the process died before the claim was on disk: nothing was claimed then.</summary>
    public SpooledClaim? ReadClaim() => Read(ClaimPath, SpoolJson.Default.SpooledClaim);

    /// <summary>Null when the execution had not ended.</summary>
    public ExecutionDocument? ReadOutcome() => Read(OutcomePath, DcronJson.Default.ExecutionDocument);

    public void WriteOutcome(ExecutionDocument outcome) =>
        File.WriteAllBytes(OutcomePath, JsonSerializer.SerializeToUtf8Bytes(outcome, DcronJson.Default.ExecutionDocument));

    public void Delete()
    {
        if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    // A file cut short by a full disk or a crash reads as absent.
    private static T? Read<T>(string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) where T : class
    {
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), type) : null;
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
