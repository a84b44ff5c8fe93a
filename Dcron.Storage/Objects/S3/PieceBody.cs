using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.Win32.SafeHandles;

namespace Dcron.Storage.Objects.S3;

/// <summary>A request's body, sent a piece at a time, so that it takes little memory and each piece counts as a movement.</summary>
internal sealed class PieceBody : HttpContent
{
    private const int PieceSize = 128 * 1024;

    private readonly long _length;
    private readonly StallTimer _stall;
    private readonly Func<long, Memory<byte>, CancellationToken, ValueTask<int>> _read;

    private PieceBody(long length, string contentType, StallTimer stall, Func<long, Memory<byte>, CancellationToken, ValueTask<int>> read)
    {
        (_length, _stall, _read) = (length, stall, read);
        Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
    }

    /// <summary>The first bytes of an open file, which is not closed here.</summary>
    public static PieceBody Of(SafeFileHandle file, long length, string contentType, StallTimer stall) =>
        new(length, contentType, stall, (from, piece, cancellationToken) => RandomAccess.ReadAsync(file, piece, from, cancellationToken));

    public static PieceBody Of(ReadOnlyMemory<byte> bytes, string contentType, StallTimer stall) => new(bytes.Length, contentType, stall, (from, piece, _) =>
    {
        bytes.Slice((int)from, piece.Length).CopyTo(piece);
        return new ValueTask<int>(piece.Length);
    });

    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(PieceSize);
        try
        {
            for (long sent = 0; sent < _length;)
            {
                var piece = buffer.AsMemory(0, (int)Math.Min(PieceSize, _length - sent));
                var read = await _read(sent, piece, cancellationToken).ConfigureAwait(false);
                if (read == 0)
                {
                    throw new IOException("the file became shorter while it was uploaded");
                }

                await stream.WriteAsync(piece[..read], cancellationToken).ConfigureAwait(false);
                _stall.Moved();
                sent += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
