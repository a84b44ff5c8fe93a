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
    /// <param name="silence">How long nothing may come; servers send comments in between.</param>
    /// <returns>Ends with the stream; what was not closed by an empty line is dropped, as the standard asks.</returns>
    /// <exception cref="IOException">It broke off, or fell silent.</exception>
    public static async IAsyncEnumerable<ServerSentEvent> ReadAsync(
        Stream stream, TimeSpan silence, TimeProvider time, [EnumeratorCancellation] CancellationToken cancel)
    {
        using var reader = new StreamReader(stream, new UTF8Encoding(false));
        using var patience = new CancellationTokenSource(silence, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, patience.Token);
        var (name, data, id, hasData) = ("", new StringBuilder(), (string?)null, false);
        while (await LineAsync(reader, patience.Token, either.Token) is { } line)
        {
            patience.CancelAfter(silence);
            if (line.Length == 0)
            {
                if (hasData)
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
                default: // "" is a comment that keeps the connection open; "retry" and others are not for us
                    break;
            }
        }
    }

    private static async ValueTask<string?> LineAsync(StreamReader reader, CancellationToken patience, CancellationToken either)
    {
        try
        {
            return await reader.ReadLineAsync(either);
        }
        catch (OperationCanceledException e) when (patience.IsCancellationRequested)
        {
            throw new IOException("the server fell silent", e);
        }
    }
}
