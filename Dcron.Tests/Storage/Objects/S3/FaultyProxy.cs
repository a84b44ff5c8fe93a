using System.Net;
using System.Net.Sockets;

namespace Dcron.Tests.Storage.Objects.S3;

/// <summary>A TCP proxy that can be told to misbehave. It keeps its port while it refuses connections.</summary>
internal sealed class FaultyProxy : IAsyncDisposable
{
    private readonly Uri _target;
    private readonly int _port = Ports.Free();
    private readonly CancellationTokenSource _disposed = new();
    private readonly List<Task> _connections = [];
    private readonly Lock _gate = new();
    private TcpListener? _listener;
    private CancellationTokenSource _open = new();
    private Task _accepting = Task.CompletedTask;

    public FaultyProxy(Uri target)
    {
        _target = target;
        Open();
    }

    public Uri Endpoint => new($"http://127.0.0.1:{_port}");

    /// <summary>Bytes of an answer after which a connection is cut; null for never.</summary>
    public long? CutAnswersAfter { get; set; }

    /// <summary>Bytes of a request after which a connection is cut; null for never.</summary>
    public long? CutRequestsAfter { get; set; }

    /// <summary>Bytes of an answer after which nothing more comes, while the connection stays; null for never.</summary>
    public long? StallAnswersAfter { get; set; }

    /// <summary>Bytes of a request after which nothing more is taken, while the connection stays; null for never.</summary>
    public long? StallRequestsAfter { get; set; }

    /// <summary>Sent instead of asking the target, to this many requests.</summary>
    public (int Times, string Answer)? Canned { get; set; }

    public int Connections { get; private set; }

    /// <summary>Ends all connections, and refuses new ones.</summary>
    public async Task CloseAsync()
    {
        _listener!.Stop();
        await _open.CancelAsync();
        await _accepting;
        Task[] connections;
        lock (_gate)
        {
            connections = [.. _connections];
            _connections.Clear();
        }

        await Task.WhenAll(connections);
    }

    public void Open()
    {
        var listener = new TcpListener(IPAddress.Loopback, _port);
        listener.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Start();
        Begin(listener);
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _open.Dispose();
        _disposed.Dispose();
    }

    private void Begin(TcpListener listener)
    {
        _open.Dispose();
        (_listener, _open) = (listener, new CancellationTokenSource());
        _accepting = AcceptAsync(listener, _open.Token);
    }

    private async Task AcceptAsync(TcpListener listener, CancellationToken end)
    {
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(end);
                lock (_gate)
                {
                    Connections++;
                    _connections.Add(ServeAsync(client, end));
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // closed
        }
    }

    private async Task ServeAsync(TcpClient client, CancellationToken end)
    {
        using (client)
        using (var server = new TcpClient())
        using (var over = CancellationTokenSource.CreateLinkedTokenSource(end))
        {
            try
            {
                if (Canned is { Times: > 0 } canned)
                {
                    Canned = canned with { Times = canned.Times - 1 };
                    _ = await client.GetStream().ReadAtLeastAsync(new byte[65_536], 1, cancellationToken: end);
                    await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(canned.Answer.ReplaceLineEndings("\r\n")), end);
                    return;
                }

                await server.ConnectAsync(_target.Host, _target.Port, end);
                var up = PumpAsync(client.GetStream(), server.GetStream(), () => CutRequestsAfter, () => StallRequestsAfter, over.Token);
                var down = PumpAsync(server.GetStream(), client.GetStream(), () => CutAnswersAfter, () => StallAnswersAfter, over.Token);
                await await Task.WhenAny(up, down);
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // cut, by either side
            }
            finally
            {
                client.Client.LingerState = new LingerOption(true, 0); // a reset, as from a machine that died
                await over.CancelAsync();
            }
        }
    }

    private static async Task PumpAsync(NetworkStream from, NetworkStream to, Func<long?> cutAfter, Func<long?> stallAfter, CancellationToken end)
    {
        var buffer = new byte[16 * 1024];
        long moved = 0;
        for (int read; (read = await from.ReadAsync(buffer, end)) > 0;)
        {
            if (stallAfter() is { } stall && moved + read > stall)
            {
                await to.WriteAsync(buffer.AsMemory(0, (int)Math.Max(0, stall - moved)), end);
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, end);
            }

            if (cutAfter() is { } cut && moved + read > cut)
            {
                await to.WriteAsync(buffer.AsMemory(0, (int)Math.Max(0, cut - moved)), end);
                return;
            }

            await to.WriteAsync(buffer.AsMemory(0, read), end);
            moved += read;
        }
    }
}
