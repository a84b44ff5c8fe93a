using System.Buffers;
using System.Net;
using System.Text.Json;

namespace Dcron.Storage.Documents.CouchDb;

/// <summary>
/// Writes to one database, one request at a time: while it is under way the next one gathers, so that CouchDB, which makes each request durable
/// with a few disk flushes however many documents it holds, is asked once for many callers.
/// </summary>
internal sealed class CouchWriter(CouchHttp http, string database)
{
    private const int MaxBatch = 500;
    private const int MaxBatchBytes = 4 * 1024 * 1024;

    private static readonly JsonWriterOptions Unchecked = new() { SkipValidation = true };

    private readonly Lock _gate = new();
    private readonly Queue<WaitingWrite> _waiting = new();
    private readonly ArrayBufferWriter<byte> _buffer = new();
    private Task _running = Task.CompletedTask;
    private bool _isRunning;
    private bool _isClosed;

    /// <exception cref="ObjectDisposedException">The store has been closed.</exception>
    public Task<WriteResult[]> WriteAsync(WaitingCall call)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(CouchDbDocumentStore));
            foreach (var write in call.Writes)
            {
                _waiting.Enqueue(write);
            }

            if (!_isRunning)
            {
                _isRunning = true;
                _running = Task.Run(RunAsync);
            }
        }

        return call.Task;
    }

    /// <summary>Finishes what waits.</summary>
    public Task CloseAsync()
    {
        lock (_gate)
        {
            _isClosed = true;
            return _running;
        }
    }

    private async Task RunAsync()
    {
        var batch = new List<WaitingWrite>(MaxBatch);
        while (Take(batch))
        {
            try
            {
                await SendAsync(batch).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // Whatever went wrong belongs to the callers of this batch; the next ones must be served.
            catch (Exception e)
#pragma warning restore CA1031
            {
                batch.ForEach(write => write.Failed(e));
            }
        }
    }

    private bool Take(List<WaitingWrite> batch)
    {
        batch.Clear();
        var written = new HashSet<(WaitingCall, string)>();
        lock (_gate)
        {
            var bytes = 0;
            while (batch.Count < MaxBatch && _waiting.TryPeek(out var next))
            {
                if (next.Call.IsGivenUp())
                {
                    _waiting.Dequeue();
                    continue;
                }

                if (next.Write is null)
                {
                    _waiting.Dequeue().Conflicts();
                    continue;
                }

                // Of two writes to one document in one request the second can't build on the first, as a caller's second one may.
                if (batch.Count > 0 && ((bytes += next.Size) > MaxBatchBytes || !written.Add((next.Call, next.Id))))
                {
                    break;
                }

                written.Add((next.Call, next.Id));
                batch.Add(_waiting.Dequeue());
            }

            _isRunning = batch.Count > 0;
            return _isRunning;
        }
    }

    private async Task SendAsync(List<WaitingWrite> batch)
    {
        CouchAnswer answer;
        try
        {
            answer = await http.ChangeAsync(HttpMethod.Post, $"{database}/_bulk_docs", Serialize(batch), CancellationToken.None).ConfigureAwait(false);
        }
        catch (DocumentStoreUnavailableException e)
        {
            Fail(batch, e);
            return;
        }

        if (answer.Body.Span.TrimStart(" \r\n\t"u8) is [(byte)'[', ..])
        {
            Judge(batch, answer);
        }
        else if (answer.IsNotFound)
        {
            Fail(batch, new InvalidOperationException($"there is no collection '{database}' (any more); ensure it before writing to it"));
        }
        else if (answer.Status is not (HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge))
        {
            Fail(batch, http.Errors.Refused(answer.Refusal()));
        }
        else if (batch.Count > 1)
        {
            // One of them is not to CouchDB's taste; the others must not suffer for it.
            foreach (var write in batch)
            {
                await SendAsync([write]).ConfigureAwait(false);
            }
        }
        else
        {
            var refusal = answer.Refusal();
            Fail(batch, new ArgumentException($"CouchDB does not take the body of document '{batch[0].Id}' ({refusal.Error}: {refusal.Reason})"));
        }
    }

    private void Judge(List<WaitingWrite> batch, CouchAnswer answer)
    {
        using var document = Parse(answer);
        if (document is null || document.RootElement.GetArrayLength() != batch.Count)
        {
            Fail(batch, http.Errors.Malformed("not one result for each document"));
            return;
        }

        for (var i = 0; i < batch.Count; i++)
        {
            var row = document.RootElement[i];
            if (row.ValueKind != JsonValueKind.Object || CouchAnswer.TextOf(row, "id") is { } id && id != batch[i].Id)
            {
                batch[i].Failed(http.Errors.Malformed("a result for another document"));
            }
            else if (CouchAnswer.TextOf(row, "error") is { } error)
            {
                JudgeRefusal(batch[i], new CouchRefusal(answer.Status, error, CouchAnswer.TextOf(row, "reason")));
            }
            else if (CouchAnswer.TextOf(row, "rev") is not { } revision)
            {
                batch[i].Failed(http.Errors.Malformed("a result without a revision"));
            }
            else if (answer.Status == HttpStatusCode.Accepted)
            {
                batch[i].Failed(http.Errors.NotEnoughCopies(database));
            }
            else
            {
                batch[i].Written(revision);
            }
        }
    }

    private void JudgeRefusal(WaitingWrite write, CouchRefusal refusal)
    {
        if (refusal.Error == "conflict")
        {
            write.Conflicts();
        }
        else
        {
            write.Failed(http.Errors.Refused(refusal));
        }
    }

    private static JsonDocument? Parse(CouchAnswer answer)
    {
        try
        {
            return JsonDocument.Parse(answer.Body);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private ReadOnlyMemory<byte> Serialize(List<WaitingWrite> batch)
    {
        _buffer.ResetWrittenCount();
        using (var writer = new Utf8JsonWriter(_buffer, Unchecked))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("docs"u8);
            foreach (var write in batch)
            {
                CouchEnvelope.Write(writer, write.Write!);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return _buffer.WrittenMemory;
    }

    private static void Fail(List<WaitingWrite> batch, Exception error)
    {
        foreach (var write in batch)
        {
            write.Failed(error);
        }
    }
}
