using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;

namespace Dcron.Storage.Documents.CouchDb;

/// <summary>
/// How a document lies in CouchDB: <c>{"_id", "_rev", "write": "…", "body": {…}}</c>. The body is apart, so that it is read as one
/// piece and its fields can't clash with CouchDB's. <c>write</c> is random: CouchDB derives a document's first revision from its content alone, so
/// that two documents, or two incarnations of one, could have the same.
/// </summary>
internal static class CouchEnvelope
{
    private const int NonceBytes = 9;

    /// <summary>Writes the element of <c>docs</c> that <c>_bulk_docs</c> wants.</summary>
    public static void Write(Utf8JsonWriter writer, DocumentWrite write)
    {
        writer.WriteStartObject();
        writer.WriteString("_id"u8, write.Id);
        switch (write)
        {
            case DocumentWrite.Create create:
                WriteBody(writer, create.Body);
                break;
            case DocumentWrite.Replace replace:
                writer.WriteString("_rev"u8, replace.Revision);
                WriteBody(writer, replace.Body);
                break;
            case DocumentWrite.Delete delete:
                writer.WriteString("_rev"u8, delete.Revision);
                writer.WriteBoolean("_deleted"u8, true);
                break;
            default:
                throw new UnreachableException($"{write}");
        }

        writer.WriteEndObject();
    }

    /// <summary>Reads a document, and leaves the reader at its end.</summary>
    /// <param name="reader">Stands at the beginning of the object, or at null.</param>
    /// <param name="source">What the reader reads; the body is a part of it.</param>
    /// <param name="incarnation">Of the database.</param>
    /// <returns>Null where there is none, or none of dcron's.</returns>
    public static Document? Read(ref Utf8JsonReader reader, ReadOnlyMemory<byte> source, string incarnation)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        string? id = null, revision = null;
        ReadOnlyMemory<byte> body = default;
        var isDeleted = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("_id"u8))
            {
                reader.Read();
                id = reader.GetString();
            }
            else if (reader.ValueTextEquals("_rev"u8))
            {
                reader.Read();
                revision = reader.GetString();
            }
            else if (reader.ValueTextEquals("_deleted"u8))
            {
                reader.Read();
                isDeleted = reader.TokenType == JsonTokenType.True;
            }
            else if (reader.ValueTextEquals("body"u8))
            {
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                body = source[start..(int)reader.BytesConsumed];
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }

        return id is null || revision is null || body.IsEmpty || isDeleted ? null : new Document(id, CouchRevision.Of(revision, id, incarnation), body);
    }

    private static void WriteBody(Utf8JsonWriter writer, ReadOnlyMemory<byte> body)
    {
        Span<byte> nonce = stackalloc byte[NonceBytes];
        RandomNumberGenerator.Fill(nonce);
        writer.WriteBase64String("write"u8, nonce);
        writer.WritePropertyName("body"u8);
        writer.WriteRawValue(body.Span, skipInputValidation: true); // checked when the write came in
    }
}
