using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes;

/// <summary>The silo's end of one pipe of a script's output: moves bytes to the log as they come. For the reactor's thread.</summary>
internal sealed unsafe class OutputPipe(ProcessReactor reactor, int descriptor, SpooledLog log, bool isErrors, Action ended) : IReadable
{
    /// <summary>Enough for what a pipe can hold, so that a drain takes all that was written before the exit.</summary>
    private const int DrainRounds = 32;

    private readonly ProcessReactor _reactor = reactor;
    private readonly SpooledLog _log = log;
    private ulong _token;

    public bool IsClosed { get; private set; }

    public Errno Watch() => _reactor.Add(descriptor, this, out _token);

    /// <summary>Takes one buffer and goes back to the queue: one that prints a gigabyte must not keep the others waiting.</summary>
    public void OnReadable()
    {
        if (Take() is Taken.End)
        {
            Close();
            ended();
        }
    }

    /// <summary>Takes what is there now.</summary>
    public void Drain()
    {
        var taken = Taken.Some;
        for (var round = 0; round < DrainRounds && taken is Taken.Some && !IsClosed; round++)
        {
            taken = Take();
        }

        if (taken is Taken.End)
        {
            Close();
        }
    }

    public void Close()
    {
        if (!IsClosed)
        {
            IsClosed = true;
            _reactor.Remove(descriptor, _token);
            _ = Libc.Close(descriptor);
        }
    }

    private Taken Take()
    {
        nint read;
        fixed (byte* buffer = _reactor.Buffer)
        {
            read = Libc.Read(descriptor, buffer, _reactor.Buffer.Length);
        }

        if (read > 0)
        {
            var bytes = _reactor.Buffer.AsSpan(0, (int)read);
            if (isErrors)
            {
                _log.AppendErrors(bytes);
            }
            else
            {
                _log.Append(bytes);
            }

            return Taken.Some;
        }

        return read < 0 && Libc.LastError is Errno.EAGAIN or Errno.EINTR ? Taken.Nothing : Taken.End;
    }

    private enum Taken
    {
        Nothing,
        Some,
        End,
    }
}
