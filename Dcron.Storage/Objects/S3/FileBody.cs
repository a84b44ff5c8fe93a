using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.Win32.SafeHandles;

namespace Dcron.Storage.Objects.S3;

/// <summary>The first bytes of an open file as a request's body, a piece at a time. Does not close the file.</summary>
internal sealed class FileBody : HttpContent
{
    private const int PieceSize = 128 * 1024;

    private readonly SafeFileHandle _file;
    private readonly long _length;
    private readonly StallTimer _stall;

    public FileBody(SafeFileHandle file, long length, string contentType, StallTimer stall)
    {
        (_file, _length, _stall) = (file, length, stall);
        Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var piece = ArrayPool<byte>.Shared.Rent(PieceSize);
        try
        {
            for (long sent = 0; sent < _length;)
            {
                var read = await RandomAccess.ReadAsync(_file, piece.AsMemory(0, (int)Math.Min(piece.Length, _length - sent)), sent, cancellationToken).ConfigureAwait(false);
                if (read == 0)
                {
                    throw new IOException("the file became shorter while it was uploaded");
                }

                await stream.WriteAsync(piece.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                _stall.Moved();
                sent += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }
}
