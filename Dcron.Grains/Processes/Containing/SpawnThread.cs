using System.Collections.Concurrent;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes.Containing;

/// <summary>
/// Starts programs on a thread that lives as long as the process: what dies with its parent, as bubblewrap does, dies with the thread that started it, to the kernel; and
/// what a thread has given up, no program that it starts ever has.
/// </summary>
internal sealed class SpawnThread
{
    private readonly BlockingCollection<Action> _calls = [];
    private readonly TaskCompletionSource<string?> _begun = new();

    private SpawnThread(string name, Func<string?> begin) => new Thread(() => Serve(begin)) { IsBackground = true, Name = name }.Start();

    /// <summary>Has what the node has.</summary>
    public static SpawnThread Plain { get; } = new("dcron spawns", () => null);

    /// <summary>
    /// What it starts never has more privileges than the node's user, whatever it executes (<c>no_new_privs</c>), and inherits no capability. Such a thread saves each script
    /// a <c>setpriv</c> of its own.
    /// </summary>
    public static SpawnThread Unprivileged => LazyUnprivileged.Value;

    private static Lazy<SpawnThread> LazyUnprivileged { get; } = new(() => new("dcron spawns, unprivileged", Privileges.GiveUp));

    /// <summary>A sentence about what it could not give up: then nothing is to be started on it. Null when it is as it should be.</summary>
    public string? Trouble => _begun.Task.GetAwaiter().GetResult();

    public T Run<T>(Func<T> function)
    {
        var result = new TaskCompletionSource<T>();
        _calls.Add(() =>
        {
            try
            {
                result.SetResult(function());
            }
            catch (Exception exception)
            {
                result.SetException(exception);
            }
        });
        return result.Task.GetAwaiter().GetResult();
    }

    private void Serve(Func<string?> begin)
    {
        _begun.SetResult(begin());
        foreach (var call in _calls.GetConsumingEnumerable())
        {
            call();
        }
    }
}
