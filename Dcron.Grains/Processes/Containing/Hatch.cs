using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes.Containing;

/// <summary>The node's end of the socket at which a contained script waits before its first instruction.</summary>
internal sealed unsafe class Hatch
{
    private int _end;

    private Hatch(int end) => _end = end;

    public int Descriptor => _end;

    /// <param name="hatch">The node's end.</param>
    /// <param name="theirs">The other one, for the child; to be closed here once it is started.</param>
    public static Errno Make(out Hatch? hatch, out int theirs)
    {
        var ends = stackalloc int[2];
        if (Libc.SocketPair(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0, ends) < 0)
        {
            (hatch, theirs) = (null, -1);
            return Libc.LastError;
        }

        var ours = Spawner.KeepClearOfStandardStreams(ends[0]);
        theirs = Spawner.KeepClearOfStandardStreams(ends[1]);
        Pipes.NeverBlock(ours);
        hatch = new Hatch(ours);
        return Errno.None;
    }

    /// <summary>True when the other side stands there; null when it is gone; false when there is nothing to read yet.</summary>
    public bool? Knocked()
    {
        byte knock;
        var read = Libc.Read(_end, &knock, 1);
        return read > 0 ? true : read < 0 && Libc.LastError is Errno.EAGAIN or Errno.EINTR ? false : null;
    }

    public void Open()
    {
        var line = (byte)'\n';
        _ = Libc.Write(_end, &line, 1); // the other side is gone, or it has room for one byte
    }

    public void Close()
    {
        if (_end >= 0)
        {
            _ = Libc.Close(_end);
            _end = -1;
        }
    }
}
