using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Dcron.Storage.Documents.CouchDb;

/// <summary>
/// Revisions as callers see them: CouchDB's own, with a mark of the document and of its database's incarnation. CouchDB takes a revision of
/// anything, and makes a document of it, where it has never seen the id; the mark keeps the revision of another document, or of a database that
/// was dropped since, from being sent.
/// </summary>
internal static class CouchRevision
{
    private const char Separator = '.';
    private const int MarkBytes = 6;

    // CouchDB would take a tombstone's revision and bring the document back to life; nobody may replace what is gone, so this one is never sent.
    private const string OfDeletion = "deleted";

    /// <param name="revision">As CouchDB gave it.</param>
    /// <param name="id">Of the document.</param>
    /// <param name="incarnation">Of the database.</param>
    public static string Of(string revision, string id, string incarnation) => $"{revision}{Separator}{Mark(id, incarnation)}";

    public static string OfDeleted(string revision, string id, string incarnation) => Of(revision, id, incarnation + OfDeletion);

    /// <returns>CouchDB's revision; null where the document, as it lives now, can't have it.</returns>
    public static string? Parse(string revision, string id, string incarnation) =>
        revision.IndexOf(Separator, StringComparison.Ordinal) is var end and > 0 && revision.AsSpan(end + 1).SequenceEqual(Mark(id, incarnation)) ? revision[..end] : null;

    private static string Mark(string id, string incarnation) =>
        Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes($"{incarnation}\n{id}")).AsSpan(0, MarkBytes));
}
