using System.Globalization;
using Dcron.Grains.Containing;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes.Containing;

/// <summary>
/// Gives each script its sandbox, made ready ahead where one of that shape is there, and has others made ready meanwhile. They wait as blocked processes,
/// use no processor, and die with the node.
/// </summary>
/// <param name="most">How many wait at most.</param>
/// <param name="hasHolder">Whether they keep exit statuses by a holder.</param>
internal sealed class Sandboxes(
    Bubblewrap bubblewrap, WorkingFolders folders, UserPool? users, ScriptUser? shared, ControlGroups? groups, string hidden, int most, bool hasHolder)
{
    private const uint OnlyOwner = 0x1c0;
    private const uint OwnerAndPassing = 0x1c8;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly List<ReadySandbox> _ready = [];
    private int _making;
    private int _generation;
    private int _last;

    /// <summary>How many wait.</summary>
    public int Ready
    {
        get
        {
            lock (_gate)
            {
                return _ready.Count;
            }
        }
    }

    /// <summary>One for a script, waiting or made now; its working folder is the execution's.</summary>
    /// <exception cref="IOException">The system does not let it.</exception>
    public ReadySandbox Take(string executionId, SandboxShape shape, string script, ScriptLimits limits)
    {
        bubblewrap.RefreshEtc();
        var sandbox = TakeWaiting(shape) ?? Make(shape);
        Refill(shape);
        try
        {
            sandbox.Group?.Limit(limits);
            ScriptFolders.Put(sandbox.ScriptFolder, script);
            folders.Assign(sandbox.Folder, executionId);
            return sandbox;
        }
        catch
        {
            End(sandbox);
            throw;
        }
    }

    /// <summary>Takes back what a script had for itself, once it has ended. The working folder is left, as it was before the script's user got it.</summary>
    public void TakeBack(ReadySandbox sandbox)
    {
        sandbox.Process.End();
        sandbox.Group?.Remove();
        folders.Scripts.Return(sandbox.ScriptFolder);
        if (sandbox.Shape.DiskBytes is not null)
        {
            FolderInMemory.Take(sandbox.Folder);
        }
        else if (sandbox.User is not null)
        {
            _ = Libc.LChown(sandbox.Folder, 0, 0); // so that it can be given to another
            _ = Libc.Chmod(sandbox.Folder, OnlyOwner);
        }
    }

    /// <summary>Gives its user back, once its folder is gone.</summary>
    public void Release(ReadySandbox sandbox)
    {
        if (users is not null && sandbox.User is { } own)
        {
            users.Return(own);
        }
    }

    /// <summary>Ends all that wait; the next script has others made.</summary>
    public void LetGo()
    {
        List<ReadySandbox> waiting;
        lock (_gate)
        {
            _generation++;
            waiting = [.. _ready];
            _ready.Clear();
        }

        waiting.ForEach(End);
    }

    private ReadySandbox? TakeWaiting(SandboxShape shape)
    {
        while (true)
        {
            ReadySandbox? found;
            lock (_gate)
            {
                var index = _ready.FindIndex(sandbox => sandbox.Shape == shape); // the oldest, which surely stands at the hatch
                if (index < 0)
                {
                    return null;
                }

                found = _ready[index];
                _ready.RemoveAt(index);
            }

            if (!found.Process.Outer.HasEnded)
            {
                return found;
            }

            End(found); // somebody killed it
        }
    }

    // One thing at a time: they are there before they are needed, not at once.
    private void Refill(SandboxShape shape)
    {
        lock (_gate)
        {
            if (_making > 0 || _ready.Count(sandbox => sandbox.Shape == shape) >= most)
            {
                return;
            }

            _making++;
        }

        ThreadPool.UnsafeQueueUserWorkItem(_ => MakeReady(shape), null);
    }

    private void MakeReady(SandboxShape shape)
    {
        var goesOn = true;
        while (goesOn)
        {
            int generation;
            lock (_gate)
            {
                generation = _generation;
            }

            ReadySandbox? made = null, surplus = null;
            try
            {
                made = Make(shape);
                if (!made.Process.ArrivesWithin(Patience, made.Group))
                {
                    End(made);
                    made = null;
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                made = null; // whoever needs one will make it, and be told why that can't be done
            }

            lock (_gate)
            {
                if (made is not null && generation == _generation)
                {
                    _ready.Add(made);
                    surplus = _ready.Count > most ? _ready.Find(sandbox => sandbox.Shape != shape) ?? made : null;
                    _ = surplus is not null && _ready.Remove(surplus);
                }
                else
                {
                    surplus = made;
                }

                goesOn = made is not null && surplus != made && _ready.Count(sandbox => sandbox.Shape == shape) < most;
                _making -= goesOn ? 0 : 1;
            }

            if (surplus is not null)
            {
                End(surplus);
            }
        }
    }

    private ReadySandbox Make(SandboxShape shape)
    {
        var number = Interlocked.Increment(ref _last);
        var user = shared ?? users?.Take();
        string? folder = null, scripts = null;
        ControlGroup? group = null;
        try
        {
            (folder, scripts) = (folders.CreateAhead(number), folders.Scripts.Take());
            if (shape.DiskBytes is { } bytes)
            {
                FolderInMemory.Lay(folder, bytes);
            }

            if (user is { } owner)
            {
                Give(folder, owner);
            }

            group = groups?.Make(string.Create(CultureInfo.InvariantCulture, $"s{number}"));
            return new ReadySandbox
            {
                Shape = shape,
                Process = WaitingSandbox.Start(bubblewrap.Line(folder, scripts, shape.Paths, hidden, shape.Network), hasHolder),
                Folder = folder,
                ScriptFolder = scripts,
                User = user,
                Group = group,
            };
        }
        catch
        {
            group?.Remove();
            if (scripts is not null)
            {
                folders.Scripts.Return(scripts);
            }

            if (folder is not null)
            {
                FolderInMemory.Take(folder);
                folders.Discard(folder);
            }

            if (users is not null && user is { } own)
            {
                users.Return(own);
            }

            throw;
        }
    }

    private void End(ReadySandbox sandbox)
    {
        TakeBack(sandbox);
        folders.Discard(sandbox.Folder);
        Release(sandbox);
    }

    // Root's group may pass through, so that a bubblewrap without root's privileges gets into it.
    private static void Give(string folder, ScriptUser owner)
    {
        if (Libc.LChown(folder, owner.Id, 0) != 0 || Libc.Chmod(folder, OwnerAndPassing) != 0)
        {
            throw new IOException($"The working folder could not be given to the script's user: {Libc.LastError.Text()}.");
        }
    }
}
