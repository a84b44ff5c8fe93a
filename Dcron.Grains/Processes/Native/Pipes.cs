namespace Dcron.Grains.Processes.Native;

internal static unsafe class Pipes
{
    /// <summary>Makes a pipe whose ends no child inherits by accident.</summary>
    /// <returns>Why not, when it could not be made.</returns>
    public static Errno Make(out int readEnd, out int writeEnd)
    {
        var ends = stackalloc int[2];
        if (Libc.Pipe2(ends, Libc.O_CLOEXEC) < 0)
        {
            (readEnd, writeEnd) = (-1, -1);
            return Libc.LastError;
        }

        (readEnd, writeEnd) = (Spawner.KeepClearOfStandardStreams(ends[0]), Spawner.KeepClearOfStandardStreams(ends[1]));
        return Errno.None;
    }

    public static void NeverBlock(int end) => _ = Libc.Fcntl(end, Libc.F_SETFL, Libc.O_NONBLOCK);
}
