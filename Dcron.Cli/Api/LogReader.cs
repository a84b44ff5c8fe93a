using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Dcron.Cli.Api;

/// <summary>Fetches the log of an execution, and takes it up again where it broke off.</summary>
/// <param name="write">Takes the bytes in order, each once.</param>
/// <param name="exact">True when bytes that are no UTF-8 must come as they are; an event stream cannot carry them.</param>
internal sealed class LogReader(ApiClient api, string executionId, TimeProvider time, Action<ReadOnlyMemory<byte>> write, bool exact)
{
    private const char Replacement = '\uFFFD';
    private const int FruitlessTries = 10;
    private static readonly TimeSpan BetweenTries = TimeSpan.FromSeconds(1);

    /// <summary>The server sends at least a comment every 15 s.</summary>
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(45);

    private readonly string _path = $"executions/{Uri.EscapeDataString(executionId)}/log";

    /// <summary>As much as there is now.</summary>
    /// <returns>Null when all of it was written, or the failure.</returns>
    public async Task<Answer?> ReadAsync(CancellationToken cancel)
    {
        var position = 0L;
        for (var fruitless = 0; ;)
        {
            switch (await api.SendAsync(Call.Get(_path) with { Accept = "text/plain", Streamed = true, From = position == 0 ? null : position }, cancel))
            {
                case Answer.Opened opened:
                    using (opened.Response)
                    {
                        var (end, broken) = await CopyAsync(opened.Response, position, cancel);
                        if (broken is null)
                            return null;

                        fruitless = end > position ? 0 : fruitless + 1;
                        if (fruitless == FruitlessTries)
                            return new Answer.OutOfReach(api.Server, broken);
                        position = end;
                    }

                    await Task.Delay(BetweenTries, time, cancel);
                    break;
                case Answer.Refused { Status: 416 }: // what was left out was nothing
                    return null;
                case var failure:
                    return failure;
            }
        }
    }

    /// <summary>From its beginning, as it grows, to its end.</summary>
    /// <returns>The execution as it ended, or the failure.</returns>
    public async Task<(ExecutionBody? Ended, Answer? Failure)> FollowAsync(CancellationToken cancel)
    {
        string? seen = null;
        for (var fruitless = 0; fruitless < FruitlessTries; fruitless++)
        {
            var call = Call.Get(_path + "?follow=true") with { Accept = "text/event-stream", Streamed = true, LastEventId = seen };
            if (await api.SendAsync(call, cancel) is var answer && answer is not Answer.Opened)
                return (null, answer);

            using var response = ((Answer.Opened)answer).Response;
            try
            {
                await using var stream = await response.Content.ReadAsStreamAsync(cancel);
                await foreach (var e in ServerSentEvents.ReadAsync(stream, Silence, time, cancel))
                {
                    if (e.Name == "end")
                        return (JsonSerializer.Deserialize(e.Data, ApiJson.Default.ExecutionBody), null);
                    if (e.Name != "log")
                        continue;

                    await WriteAsync(e, cancel);
                    (seen, fruitless) = (e.Id, 0);
                }
            }
            catch (Exception e) when (e is IOException or HttpRequestException)
            {
                // The node went down, or the way to it: another try takes up after the last event.
            }

            await Task.Delay(BetweenTries, time, cancel);
        }

        return (null, new Answer.OutOfReach(api.Server, "the log breaks off again and again"));
    }

    private async Task WriteAsync(ServerSentEvent e, CancellationToken cancel)
    {
        var piece = JsonSerializer.Deserialize(e.Data, ApiJson.Default.LogPieceBody) ?? throw new JsonException();
        if (exact && piece.Text.Contains(Replacement, StringComparison.Ordinal)
            && long.TryParse(e.Id, NumberStyles.None, CultureInfo.InvariantCulture, out var end)
            && await api.SendAsync(Call.Get(_path) with { Accept = "text/plain", From = piece.Offset, To = end - 1 }, cancel) is Answer.Ok ok
            && ok.Body.Length == end - piece.Offset)
        {
            write(ok.Body);
            return;
        }

        write(Encoding.UTF8.GetBytes(piece.Text));
    }

    /// <returns>The position after the last byte, and why it broke off, if it did.</returns>
    private async Task<(long End, string? Broken)> CopyAsync(HttpResponseMessage response, long position, CancellationToken cancel)
    {
        // A server that does not know ranges begins anew; what was written already is passed over.
        var skip = response.StatusCode == System.Net.HttpStatusCode.PartialContent ? 0 : position;
        var buffer = new byte[64 * 1024];
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancel);
            for (int read; (read = await stream.ReadAsync(buffer, cancel)) > 0;)
            {
                var fresh = (int)Math.Max(read - skip, 0);
                skip -= read - fresh;
                write(buffer.AsMemory(read - fresh, fresh));
                position += fresh;
            }

            return (position, null);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return (position, e.Message);
        }
    }
}
