using System.Text.Json;
using System.Text.Json.Serialization;
using Dcron.Grains.Executions;
using Dcron.Grains.Json;

namespace Dcron.Grains.Workers;

/// <summary>What the journal knows of an execution that is not done.</summary>
internal sealed record SpooledState(SpooledClaim Claim, ExecutionDocument? Outcome)
{
    public IEnumerable<SpoolLine> Lines()
    {
        yield return new SpoolLine { Claim = Claim };
        if (Outcome is not null)
        {
            yield return new SpoolLine { Outcome = Outcome };
        }
    }
}

/// <summary>What a worker claimed, and the token by which it knows the claim for its own.</summary>
internal sealed record SpooledClaim(ExecuteJob Launch, string WorkerId, string Token);

/// <summary>One line of the journal: exactly one of the three is set.</summary>
internal sealed record SpoolLine
{
    public SpooledClaim? Claim { get; init; }

    public ExecutionDocument? Outcome { get; init; }

    /// <summary>The name of an execution of which all is stored.</summary>
    public string? Done { get; init; }

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
