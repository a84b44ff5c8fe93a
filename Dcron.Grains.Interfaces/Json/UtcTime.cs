using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dcron.Grains.Json;

/// <summary>
/// The one text form of an instant in documents and answers: RFC 3339 in UTC with milliseconds, 24 characters.
/// The fixed width makes byte order equal to time order, which the indexes rely on.
/// </summary>
public static class UtcTime
{
    private const string Format = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";

    /// <summary>Sorts after every instant that can be written.</summary>
    public const string Max = "9999-12-31T23:59:59.999Z";

    public static string ToText(DateTimeOffset time) => time.UtcDateTime.ToString(Format, CultureInfo.InvariantCulture);

    public static DateTimeOffset FromText(string text) =>
        DateTimeOffset.ParseExact(text, Format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);

    /// <summary>Cuts what the text form can't hold, so that a value read back equals the one written.</summary>
    public static DateTimeOffset ToMilliseconds(DateTimeOffset time)
    {
        var utc = time.ToUniversalTime();
        return utc.AddTicks(-(utc.Ticks % TimeSpan.TicksPerMillisecond));
    }
}

internal sealed class UtcTimeConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TryGetDateTimeOffset(out var time) ? time.ToUniversalTime() : throw new JsonException("not an RFC 3339 time");

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(UtcTime.ToText(value));
}
