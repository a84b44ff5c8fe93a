using System.Runtime.CompilerServices;
using System.Text;

namespace Dcron.Cli.Api;

/// <summary>One server-sent event.</summary>
/// <param name="Name"><c>message</c> unless the server says otherwise.</param>
/// <param name="Id">The last id seen so far; null before the first.</param>
internal sealed record ServerSentEvent(string Name, string Data, string? Id);

/// <summary>Reads <c>text/event-stream</c> as the HTML standard has it.</summary>
internal static class ServerSentEvents
{
    /// <returns>Ends with the stream; what was not closed by an empty line is dropped, as the standard asks.</returns>
    public static async IAsyncEnumerable<ServerSentEvent> ReadAsync(Stream stream, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var reader = new StreamReader(stream, new UTF8Encoding(false));
        var (name, data, id) = ("", new StringBuilder(), (string?)null);
        var hasData = false;
        while (await reader.ReadLineAsync(cancel) is { } line)
        {
            if (line.Length == 0)
            {
                if (hasData || name.Length > 0)
                    yield return new ServerSentEvent(name.Length > 0 ? name : "message", data.ToString(), id);
                (name, hasData) = ("", false);
                data.Clear();
                continue;
            }

            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var field = colon < 0 ? line : line[..colon];
            var value = colon < 0 ? "" : line[(colon + 1)..];
            if (value.StartsWith(' '))
                value = value[1..];

            switch (field)
            {
                case "event":
                    name = value;
                    break;
                case "id":
                    id = value;
                    break;
                case "data":
                    if (hasData)
                        data.Append('\n');
                    data.Append(value);
                    hasData = true;
                    break;
                default: // "" is a comment that keeps the connection open, "retry" and others are not for us
                    break;
            }
        }
    }
}
