namespace Dcron.Grains.Processes.Native;

/// <summary>Privileges of a thread, which what it starts inherits.</summary>
internal static unsafe class Privileges
{
    private const int PR_SET_NO_NEW_PRIVS = 38;
    private const int PR_CAP_AMBIENT = 47;
    private const nuint PR_CAP_AMBIENT_CLEAR_ALL = 4;

    // _LINUX_CAPABILITY_VERSION_3, of two words for each set; the thread itself.
    private const uint Version = 0x20080522;

    /// <summary>
    /// For the calling thread and for ever: a program that it starts gets no more than its user has (prctl(2), PR_SET_NO_NEW_PRIVS), and neither ambient nor inheritable
    /// capabilities (capabilities(7)).
    /// </summary>
    /// <returns>A sentence about what the kernel does not let it give up; null when all is done.</returns>
    public static string? GiveUp()
    {
        var header = stackalloc uint[] { Version, 0 };
        var sets = stackalloc uint[6]; // effective, permitted, inheritable; and once more for the capabilities from 32 on
        var done = Libc.Prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            && Libc.Prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0
            && Libc.CapGet(header, sets) == 0;
        (sets[2], sets[5]) = (0, 0);
        return done && Libc.CapSet(header, sets) == 0 ? null : $"A thread for scripts could not give up its privileges: {Libc.LastError.Text()}.";
    }
}
