using System.Text.Json;
using System.Text.Json.Serialization;
using Dcron.Grains.Executions;
using Dcron.Grains.Json;
using Dcron.Grains.Ledger;

namespace Dcron.Grains.Workers;

/// <summary>What the journal knows of an execution that is not done.</summary>
/// <param name="Claim">Its claim.</param>
/// <param name="StartedAt">When its process was started; null when that is not recorded.</param>
/// <param name="Outcome">Null while it has not ended.</param>
internal sealed record SpooledState(SpooledClaim Claim, DateTimeOffset? StartedAt = null, ExecutionDocument? Outcome = null)
{
    public IEnumerable<SpoolLine> Lines()
    {
        yield return new SpoolLine { Claim = Claim, StartedAt = StartedAt };
        if (Outcome is not null)
        {
            yield return new SpoolLine { Outcome = Outcome };
        }
    }
}

/// <summary>What a worker claimed, and the token by which it knows the claim for its own.</summary>
internal sealed record SpooledClaim(ExecuteJob Launch, string WorkerId, string Token);

/// <summary>One line of the journal: a claim, or one of the others.</summary>
internal sealed record SpoolLine
{
    public SpooledClaim? Claim { get; init; }

    /// <summary>Beside a claim that is written anew: when its process was started, which an earlier line said.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    public ExecutionDocument? Outcome { get; init; }

    /// <summary>The name of an execution of which all is stored.</summary>
    public string? Done { get; init; }

    /// <summary>A process was started.</summary>
    public StartDocument? Start { get; init; }

    /// <summary>So many of the starts before this line, the oldest, are in the document store.</summary>
    public int? StartsStored { get; init; }

    /// <returns>Null for what is no whole line.</returns>
    public static SpoolLine? Parse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, SpoolJson.Default.SpoolLine);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public byte[] ToBytes() => [.. JsonSerializer.SerializeToUtf8Bytes(this, SpoolJson.Default.SpoolLine), (byte)'\n'];
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(UtcTimeConverter)])]
[JsonSerializable(typeof(SpoolLine))]
internal sealed partial class SpoolJson : JsonSerializerContext;
