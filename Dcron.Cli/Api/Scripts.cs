using System.Net.Http.Headers;
using System.Text.Json;

namespace Dcron.Cli.Api;

/// <summary>Uploads scripts.</summary>
internal static class Scripts
{
    /// <param name="open">Opens the script from its start; called once a try.</param>
    /// <param name="progress">Is told how many bytes have gone.</param>
    /// <returns>The location (<see cref="ScriptBody"/>), or the failure.</returns>
    public static async Task<(string? Location, Answer? Failure)> UploadAsync(
        ApiClient api, string name, Func<Stream> open, Action<long> progress, CancellationToken cancel)
    {
        var call = Call.Post($"scripts?name={Uri.EscapeDataString(name)}", () =>
        {
            var content = new StreamContent(new CountingStream(open(), progress));
            content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            return content;
        }) with { AsksFirst = true };
        return await api.SendAsync(call, cancel) switch
        {
            Answer.Ok ok => ((JsonSerializer.Deserialize(ok.Body, ApiJson.Default.ScriptBody) ?? throw new JsonException()).ScriptLocation, null),
            var failure => (null, failure),
        };
    }

    /// <summary>Tells how far somebody has read.</summary>
    private sealed class CountingStream(Stream inner, Action<long> progress) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => inner.CanSeek;

        public override bool CanWrite => false;

        public override long Length => inner.Length;

        public override long Position
        {
            get => inner.Position;
            set => inner.Position = value;
        }

        public override int Read(byte[] buffer, int offset, int count) => Count(inner.Read(buffer, offset, count));

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            Count(await inner.ReadAsync(buffer, cancellationToken));

        public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }

        private int Count(int read)
        {
            progress(inner.Position);
            return read;
        }
    }
}
