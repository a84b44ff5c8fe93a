using Dcron.Grains.Executions;
using Dcron.Grains.Ledger;
using Microsoft.Win32.SafeHandles;

namespace Dcron.Grains.Workers;

/// <summary>
/// A file that claims, outcomes and "done" are appended to, a line of JSON each. What is done is left out when the file is written anew.
/// </summary>
/// <remarks>
/// One file for all, as ext4 gives no inode out again within a minute of its removal, but looks at each of them: with a file made and removed for each
/// execution, a thousand executions a minute made it look at thousands. Not flushed: what must outlive the machine is in the stores; this outlives the process.
/// </remarks>
internal sealed class SpoolJournal(string folder) : IDisposable
{
    private const long RewriteAfterBytes = 4 << 20;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, SpooledState> _open = new(StringComparer.Ordinal);
    private readonly Queue<StartDocument> _starts = new();
    private SafeFileHandle? _file;
    private long _length;
    private long _rewriteAt = RewriteAfterBytes;

    public string Folder { get; } = folder;

    /// <summary>The executions that are not done.</summary>
    public IReadOnlyList<string> Names
    {
        get
        {
            lock (_gate)
            {
                return [.. _open.Keys];
            }
        }
    }

    private string FilePath => Path.Combine(Folder, "journal");

    /// <summary>What another process left; a line cut short by a full disk or a crash reads as absent.</summary>
    public static SpoolJournal Read(string folder)
    {
        var journal = new SpoolJournal(folder);
        if (File.Exists(journal.FilePath))
        {
            foreach (var line in File.ReadLines(journal.FilePath))
            {
                journal.Apply(line);
            }

            journal._length = new FileInfo(journal.FilePath).Length;
        }

        return journal;
    }

    public SpooledState? Find(string name)
    {
        lock (_gate)
        {
            return _open.GetValueOrDefault(name);
        }
    }

    /// <exception cref="IOException">The disk is full or does not work; nothing was appended.</exception>
    public void Append(SpooledClaim claim)
    {
        lock (_gate)
        {
            Append(new SpoolLine { Claim = claim });
            _open[claim.Launch.ExecutionId.ToString()] = new SpooledState(claim);
        }
    }

    /// <inheritdoc cref="Append(SpooledClaim)"/>
    public void Append(string name, ExecutionDocument outcome)
    {
        lock (_gate)
        {
            Append(new SpoolLine { Outcome = outcome });
            if (_open.TryGetValue(name, out var state))
            {
                _open[name] = state with { Outcome = outcome };
            }
        }
    }

    /// <inheritdoc cref="Append(SpooledClaim)"/>
    public void AppendDone(string name)
    {
        lock (_gate)
        {
            if (_open.ContainsKey(name))
            {
                Append(new SpoolLine { Done = name });
                _open.Remove(name);
            }

            if (_length > _rewriteAt)
            {
                Rewrite();
            }
        }
    }

    /// <summary>Keeps a start in memory and, if the disk takes it, in the file.</summary>
    /// <param name="failure">Why the file does not have it.</param>
    public bool TryAppend(StartDocument start, out string? failure)
    {
        lock (_gate)
        {
            Keep(start);
            return TryAppend(new SpoolLine { Start = start }, out failure);
        }
    }

    /// <summary>The oldest starts that are not in the document store.</summary>
    public IReadOnlyList<StartDocument> UnstoredStarts(int most)
    {
        lock (_gate)
        {
            return [.. _starts.Take(most)];
        }
    }

    /// <summary>
    /// These, which <see cref="UnstoredStarts"/> gave out, are stored. If this is not kept they are written again, which does nothing. Of what is not the oldest any more
    /// somebody else has told already: it must not make others be forgotten.
    /// </summary>
    public void StartsStored(IReadOnlyList<StartDocument> stored)
    {
        lock (_gate)
        {
            var count = stored.Zip(_starts).TakeWhile(pair => pair.First.StartId == pair.Second.StartId).Count();
            if (count > 0)
            {
                Forget(count);
                TryAppend(new SpoolLine { StartsStored = count }, out _);
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _file?.Dispose();
            _file = null;
        }
    }

    private void Apply(string text)
    {
        switch (SpoolLine.Parse(text))
        {
            case { Claim: { } claim } line:
                _open[claim.Launch.ExecutionId.ToString()] = new SpooledState(claim, line.StartedAt);
                break;
            case { Outcome: { } outcome } when _open.TryGetValue(outcome.ExecutionId.ToString(), out var state):
                _open[outcome.ExecutionId.ToString()] = state with { Outcome = outcome };
                break;
            case { Done: { } done }:
                _open.Remove(done);
                break;
            case { Start: { } start }:
                Keep(start);
                break;
            case { StartsStored: { } count }:
                Forget(count);
                break;
            default:
                break;
        }
    }

    private void Keep(StartDocument start)
    {
        _starts.Enqueue(start);
        var name = start.ExecutionId.ToString();
        if (_open.TryGetValue(name, out var state))
        {
            _open[name] = state with { StartedAt = start.StartedAt };
        }
    }

    private void Forget(int count)
    {
        for (; count > 0 && _starts.Count > 0; count--)
        {
            _starts.Dequeue();
        }
    }

    private bool TryAppend(SpoolLine line, out string? failure)
    {
        failure = null;
        try
        {
            Append(line);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            failure = exception.Message;
        }

        return failure is null;
    }

    private void Append(SpoolLine line)
    {
        _file ??= Open(FilePath);
        var bytes = line.ToBytes();
        try
        {
            RandomAccess.Write(_file, bytes, _length);
        }
        catch
        {
            RandomAccess.SetLength(_file, _length); // half a line must not stand before the next one
            throw;
        }

        _length += bytes.Length;
    }

    // A copy of what is open takes the file's place, so that a crash in between finds one or the other.
    private void Rewrite()
    {
        var path = FilePath + ".new";
        File.Delete(path);
        var file = Open(path);
        try
        {
            var lines = _open.Values.SelectMany(state => state.Lines()).Concat(_starts.Select(start => new SpoolLine { Start = start }));
            byte[] all = [.. lines.SelectMany(line => line.ToBytes())];
            RandomAccess.Write(file, all, 0);
            File.Move(path, FilePath, overwrite: true);
            _file?.Dispose();
            (_file, _length, _rewriteAt) = (file, all.Length, Math.Max(RewriteAfterBytes, 2L * all.Length));
        }
        catch (IOException)
        {
            file.Dispose();
            _rewriteAt = _length + RewriteAfterBytes; // the disk is full: the old file still holds everything
        }
    }

    private SafeFileHandle Open(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        }
        catch (DirectoryNotFoundException)
        {
            Directory.CreateDirectory(Folder);
            return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);
        }
    }
}
