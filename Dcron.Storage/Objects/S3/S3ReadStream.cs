namespace Dcron.Storage.Objects.S3;

/// <summary>The body of an answer: what breaks it is told as this port tells it, and standing still ends it.</summary>
internal sealed class S3ReadStream(HttpResponseMessage response, Stream body, S3Http http, TimeProvider time) : Stream
{
    private readonly CancellationTokenSource _stalled = new(Timeout.InfiniteTimeSpan, time);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        using var linked = cancellationToken.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(_stalled.Token, cancellationToken) : null;
        _stalled.CancelAfter(http.Timeout);
        try
        {
            return await body.ReadAsync(buffer, linked?.Token ?? _stalled.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw S3Errors.TimedOut(http.Endpoint, http.Timeout, e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw S3Errors.Unreachable(http.Endpoint, e);
        }
        finally
        {
            _stalled.CancelAfter(Timeout.InfiniteTimeSpan); // a reader may take its time
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(Span<byte> buffer)
    {
        try
        {
            return body.Read(buffer);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw S3Errors.Unreachable(http.Endpoint, e);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            body.Dispose();
            response.Dispose();
            _stalled.Dispose();
        }

        base.Dispose(disposing);
    }
}
