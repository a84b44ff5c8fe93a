using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;
using Dcron.Storage.Objects;

namespace Dcron.Api.Executions;

/// <summary>Where the lines of a log begin, as far as a viewer needs it: how many line breaks stand in each block of bytes.</summary>
/// <param name="BlockBytes">Size of a block; the last one may be shorter.</param>
/// <param name="Size">Bytes of the log, so far.</param>
/// <param name="FirstBlock">The first block that is told.</param>
/// <param name="LineBreaks">Of each block from there on, as many as there was time for.</param>
internal sealed record LogLines(int BlockBytes, long Size, long FirstBlock, IReadOnlyList<int> LineBreaks);

/// <summary>A line that was searched for.</summary>
/// <param name="Line">Its number, from 1.</param>
/// <param name="Offset">Position of the first match in it.</param>
internal sealed record LogMatch(long Line, long Offset);

/// <param name="Matches">In order, at most one a line.</param>
/// <param name="NextOffset">Where to go on; null at the end.</param>
/// <param name="NextLine">The line there.</param>
internal sealed record LogMatches(IReadOnlyList<LogMatch> Matches, long? NextOffset, long? NextLine);

/// <summary>Reads through logs for those who want to see a part of a large one. Each call takes a moment only and says where to go on.</summary>
internal sealed class LogScan(Logs logs, TimeProvider time)
{
    public const int BlockBytes = 256 * 1024;
    public const int MostMatches = 500;
    public const int LongestNeedle = 200;

    private const int ChunkBytes = 1024 * 1024;
    private static readonly TimeSpan Budget = TimeSpan.FromMilliseconds(250);

    /// <param name="log">Where the log is.</param>
    /// <param name="from">The first block.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<LogLines> CountLinesAsync(LogSource log, long from, CancellationToken cancellationToken)
    {
        var size = SizeOf(log);
        var (counts, block, inBlock, start) = (new List<int>(), 0, 0, time.GetTimestamp());
        await foreach (var chunk in ReadAsync(log, from * BlockBytes, size, cancellationToken))
        {
            for (var rest = chunk; rest.Length > 0;)
            {
                var part = rest[..Math.Min(rest.Length, BlockBytes - inBlock)];
                block += part.Span.Count((byte)'\n');
                inBlock += part.Length;
                rest = rest[part.Length..];
                if (inBlock == BlockBytes)
                {
                    counts.Add(block);
                    (block, inBlock) = (0, 0);
                }
            }

            if (inBlock == 0 && time.GetElapsedTime(start) > Budget)
                return new LogLines(BlockBytes, size, from, counts);
        }

        if (inBlock > 0)
            counts.Add(block);
        return new LogLines(BlockBytes, size, from, counts);
    }

    /// <param name="log">Where the log is.</param>
    /// <param name="needle">A text; the case of letters makes no difference.</param>
    /// <param name="from">First byte, at the beginning of a line.</param>
    /// <param name="line">Number of that line.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<LogMatches> SearchAsync(LogSource log, string needle, long from, long line, CancellationToken cancellationToken)
    {
        // Bytes are compared, each as one character: wherever a chunk is cut, and whatever is no UTF-8.
        var wanted = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(needle));
        var search = SearchValues.Create([wanted], StringComparison.OrdinalIgnoreCase);
        var (matches, held, at, start) = (new List<LogMatch>(), "", from, time.GetTimestamp());
        var passing = false; // over the rest of a line that has matched already
        await foreach (var chunk in ReadAsync(log, from, SizeOf(log), cancellationToken))
        {
            var text = held + Encoding.Latin1.GetString(chunk.Span);
            var (position, counted) = (0, 0);
            while (true)
            {
                if (passing)
                {
                    var end = text.IndexOf('\n', position);
                    if (end < 0)
                    {
                        position = text.Length;
                        break;
                    }

                    (position, passing) = (end + 1, false);
                }

                if (matches.Count == MostMatches)
                    return new LogMatches(matches, at + position, line + text.AsSpan(counted, position - counted).Count('\n'));

                var hit = text.AsSpan(position).IndexOfAny(search);
                if (hit < 0)
                    break;

                hit += position;
                line += text.AsSpan(counted, hit - counted).Count('\n');
                counted = hit;
                matches.Add(new LogMatch(line, at + hit));
                (position, passing) = (hit, true);
            }

            // What may be the beginning of a match that the next chunk ends.
            var keep = Math.Min(text.Length - position, wanted.Length - 1);
            line += text.AsSpan(counted, text.Length - keep - counted).Count('\n');
            at += text.Length - keep;
            held = text[^keep..];
            if (time.GetElapsedTime(start) > Budget)
                return new LogMatches(matches, at, line);
        }

        return new LogMatches(matches, null, null);
    }

    private static long SizeOf(LogSource log) => log switch
    {
        LogSource.Stored stored => stored.Stat.Size,
        LogSource.Growing growing => growing.First.Length,
        _ => 0,
    };

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(LogSource log, long from, long size, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (from >= size)
            yield break;

        if (log is LogSource.Growing growing)
        {
            while (from < size)
            {
                var bytes = (await growing.Execution.ReadLog(from, (int)Math.Min(ChunkBytes, size - from), TimeSpan.Zero)).Bytes;
                if (bytes.Length == 0)
                    yield break;
                from += bytes.Length;
                yield return bytes;
            }
        }
        else if (log is LogSource.Stored stored)
        {
            await using var content = await logs.OpenAsync(stored.Location, new ByteRange(from, null), cancellationToken)
                ?? throw new ObjectStoreUnavailableException($"the log at {stored.Location} vanished while it was read");
            var buffer = new byte[ChunkBytes];
            for (int read; (read = await content.Stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken)) > 0;)
                yield return buffer.AsMemory(0, read);
        }
    }
}
