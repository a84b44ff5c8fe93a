using System.Net;
using System.Net.Sockets;

namespace Dcron.Tests;

/// <summary>
/// Ports for servers of the tests, each handed out once. They lie below the range that systems take ports of connections from, so that none is taken by a connection
/// between its being found free and its being listened at, or while its server is stopped.
/// </summary>
internal static class Ports
{
    private const int First = 12_000;
    private const int Last = 32_000;

    // Other runs of the tests on the machine begin elsewhere.
    private static int _taken = Environment.ProcessId % 40 * 500;

    /// <summary>A port that nobody listens at.</summary>
    public static int Free() => Free(1);

    /// <summary>The first of so many consecutive ports that nobody listens at.</summary>
    public static int Free(int count)
    {
        while (true)
        {
            var first = First + ((Interlocked.Add(ref _taken, count) - count) % (Last - First));
            if (Enumerable.Range(first, count).All(IsFree))
            {
                return first;
            }
        }
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
