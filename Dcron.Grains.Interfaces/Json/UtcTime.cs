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
    private const int Length = 24;

    // The round-trip format, which .NET writes several times faster than one that it must read first, has four more digits.
    private const int IsoLength = 28;

    /// <summary>Sorts after every instant that can be written.</summary>
    public const string Max = "9999-12-31T23:59:59.999Z";

    public static string ToText(DateTimeOffset time) => string.Create(Length, time, static (text, time) =>
    {
        Span<char> iso = stackalloc char[IsoLength];
        time.UtcDateTime.TryFormat(iso, out _, "O", CultureInfo.InvariantCulture);
        iso[..(Length - 1)].CopyTo(text);
        text[^1] = 'Z';
    });

    /// <summary>The same as UTF-8.</summary>
    internal static void Write(Utf8JsonWriter writer, DateTimeOffset time)
    {
        Span<byte> iso = stackalloc byte[IsoLength];
        time.UtcDateTime.TryFormat(iso, out _, "O", CultureInfo.InvariantCulture);
        iso[Length - 1] = (byte)'Z';
        writer.WriteStringValue(iso[..Length]);
    }

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
        UtcTime.Write(writer, value);
}
