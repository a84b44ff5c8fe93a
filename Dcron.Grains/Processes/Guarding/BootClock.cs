using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes.Guarding;

/// <summary>
/// Time since the machine started, its sleep included, the same for all processes. A lease is measured by it: while a machine sleeps, the rest of
/// the cluster gives its scripts up, so they must not go on when it wakes.
/// </summary>
internal static class BootClock
{
    public static unsafe long Milliseconds
    {
        get
        {
            var time = stackalloc long[2];
            _ = Libc.ClockGetTime(Libc.CLOCK_BOOTTIME, time);
            return (time[0] * 1000) + (time[1] / 1_000_000);
        }
    }
}
