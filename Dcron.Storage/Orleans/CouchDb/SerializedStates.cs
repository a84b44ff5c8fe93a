using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Orleans.Runtime;
using Orleans.Storage;

namespace Dcron.Storage.Orleans.CouchDb;

/// <summary>
/// Any state of any grain, as Orleans' serializer writes it: <c>{"grain": "counter/one", "state": …}</c>. The id is that of the grain with its type, and
/// the collection is named after the state, both spelled so that every store takes them.
/// </summary>
internal sealed class SerializedStates(IGrainStorageSerializer serializer) : StateCodec
{
    private const int MaxId = 300;
    private const int MaxName = 40;

    public override byte[] Write<T>(T state, GrainId grain)
    {
        var bytes = serializer.Serialize(state).ToMemory();
        var buffer = new ArrayBufferWriter<byte>(bytes.Length + 256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("grain"u8, grain.ToString());
            if (IsJson(bytes.Span))
            {
                writer.WritePropertyName("state"u8);
                writer.WriteRawValue(bytes.Span, skipInputValidation: true);
            }
            else
            {
                writer.WriteBase64String("base64"u8, bytes.Span);
            }

            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    public override T Read<T>(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body);
        var bytes = document.RootElement.TryGetProperty("state", out var state)
            ? Encoding.UTF8.GetBytes(state.GetRawText())
            : document.RootElement.GetProperty("base64").GetBytesFromBase64();
        return serializer.Deserialize<T>(new BinaryData(bytes)) ?? throw new JsonException("the document holds no state");
    }

    public override string IdOf(GrainId grain)
    {
        var text = grain.ToString();
        return text.Length <= MaxId && !text.AsSpan().ContainsAnyExceptInRange(' ', '~') && text[0] != '_' ? text : "sha256-" + Digest(text, 32);
    }

    public override string CollectionOf(string stateName)
    {
        var name = string.Concat(stateName.ToLowerInvariant().Select(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) ? c : '-'));
        name = "state-" + (name.Length <= MaxName ? name : name[^MaxName..]);
        return name == "state-" + stateName ? name : $"{name}-{Digest(stateName, 4)}"; // names that differ in more than that stay apart
    }

    private static string Digest(string text, int bytes) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, bytes));

    private static bool IsJson(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var reader = new Utf8JsonReader(bytes);
            while (reader.Read())
            {
            }

            return bytes.Length > 0;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
