using System.Text;
using System.Text.Json;
using Dcron.Storage.Documents;

namespace Dcron.Tests.Storage.Documents;

/// <summary>Bodies and writes of test documents.</summary>
internal static class Json
{
    public static ReadOnlyMemory<byte> Body(object value) => JsonSerializer.SerializeToUtf8Bytes(value);

    public static string Text(this Document? document) => Encoding.UTF8.GetString(document!.Body.Span);

    public static DocumentWrite.Create Create(string id, object body) => new(id, Body(body));

    public static string Revision(this WriteResult result) => Assert.IsType<WriteResult.Written>(result).Revision;
}
