using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dcron.Grains.Jobs;

/// <summary>Names a job: 1 to 40 lower case letters and digits. Generated ones sort by their creation.</summary>
[GenerateSerializer, Immutable, Alias("dcron.job-id")]
[JsonConverter(typeof(JobIdConverter))]
public readonly record struct JobId
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int TimeLength = 10;
    private const int RandomLength = 10;

    private JobId(string value) => Value = value;

    [Id(0)]
    public string Value { get; }

    /// <summary>A new id: 48 bits of time in milliseconds, then 50 random bits.</summary>
    public static JobId New(DateTimeOffset now)
    {
        Span<char> text = stackalloc char[TimeLength + RandomLength];
        var time = now.ToUnixTimeMilliseconds();
        for (var i = TimeLength - 1; i >= 0; i--, time >>= 5)
        {
            text[i] = Alphabet[(int)(time & 31)];
        }

        RandomNumberGenerator.GetItems(Alphabet, text[TimeLength..]);
        return new JobId(new string(text));
    }

    public static bool TryParse([NotNullWhen(true)] string? text, out JobId id)
    {
        var valid = text is { Length: >= 1 and <= 40 } && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c));
        id = valid ? new JobId(text!) : default;
        return valid;
    }

    /// <exception cref="FormatException">Not a job id.</exception>
    public static JobId Parse(string text) => TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is not a job id");

    public override string ToString() => Value;
}

internal sealed class JobIdConverter : JsonConverter<JobId>
{
    public override JobId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        JobId.TryParse(reader.GetString(), out var id) ? id : throw new JsonException("not a job id");

    public override void Write(Utf8JsonWriter writer, JobId value, JsonSerializerOptions options) => writer.WriteStringValue(value.Value);
}
