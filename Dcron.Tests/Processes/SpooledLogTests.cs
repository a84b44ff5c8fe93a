using System.Text;
using CsCheck;
using Dcron.Grains.Executions;
using Dcron.Grains.Processes;
using Dcron.Grains.Processes.Native;

namespace Dcron.Tests.Processes;

public sealed class SpooledLogTests : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"dcron-log-{Guid.NewGuid():N}");

    public void Dispose() => File.Delete(_path);

    [Fact]
    public async Task Followers_get_every_byte_as_it_comes_and_learn_of_the_end()
    {
        using var log = Create();
        var followers = Enumerable.Range(0, 4).Select(_ => Follow(log)).ToList();

        for (var i = 0; i < 1000; i++)
        {
            log.Append(Encoding.UTF8.GetBytes($"line {i}\n"));
            if (i % 100 == 0)
            {
                await Task.Yield();
            }
        }

        log.Complete();

        var expected = string.Concat(Enumerable.Range(0, 1000).Select(i => $"line {i}\n"));
        foreach (var follower in followers)
        {
            Assert.Equal(expected, await follower.WaitAsync(ProcessBench.Patience));
        }
    }

    [Fact]
    public async Task A_reader_waits_for_bytes_no_longer_than_it_wants()
    {
        using var log = Create();

        var chunk = await log.ReadAsync(0, 100, TimeSpan.FromMilliseconds(20));

        Assert.Empty(chunk.Bytes);
        Assert.False(chunk.Ended);
    }

    [Fact]
    public async Task A_reader_may_give_up()
    {
        using var log = Create();
        using var cancel = new CancellationTokenSource();
        var read = log.ReadAsync(0, 100, ProcessBench.Patience, cancel.Token);
        Assert.False(read.IsCompleted);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read.WaitAsync(ProcessBench.Patience));
    }

    [Fact]
    public async Task The_end_comes_with_the_last_byte_and_not_before()
    {
        using var log = Create();
        log.Append("0123456789"u8);
        log.Complete();

        Assert.Equal(new { Length = 10L, Ended = false }, Shape(await log.ReadAsync(0, 4, TimeSpan.Zero)));
        Assert.Equal(new { Length = 10L, Ended = true }, Shape(await log.ReadAsync(4, 100, TimeSpan.Zero)));
        Assert.Equal(new { Length = 10L, Ended = true }, Shape(await log.ReadAsync(99, 100, ProcessBench.Patience)));
    }

    [Fact]
    public async Task A_disposed_log_answers_that_it_ended()
    {
        var log = Create();
        log.Append("text"u8);
        var waiting = log.ReadAsync(4, 100, ProcessBench.Patience);
        log.Dispose();

        Assert.True((await waiting.WaitAsync(ProcessBench.Patience)).Ended);
        Assert.Empty((await log.ReadAsync(0, 100, TimeSpan.Zero)).Bytes);
        log.Append("more"u8);
        Assert.False(log.AppendMarker("[dcron: late]"));
    }

    [Fact]
    public void Beyond_the_limit_output_is_counted_and_the_log_says_so()
    {
        using var log = Create(limit: 10);
        log.Append("0123456"u8);
        log.Append("789abc"u8);
        log.Append("def"u8);
        log.AppendMarker("[dcron: ended after 1 s (timeout)]");
        log.Complete();

        Assert.Equal("0123456789\n[dcron: the log was cut here at 10 bytes; 6 more bytes were discarded]\n[dcron: ended after 1 s (timeout)]\n", Text());
        Assert.Equal(6, log.Discarded);
        Assert.Null(log.Trouble);
    }

    [Fact]
    public void A_log_of_exactly_its_limit_is_not_cut()
    {
        using var log = Create(limit: 10);
        log.Append("0123456789"u8);
        log.Complete();

        Assert.Equal("0123456789", Text());
    }

    [Theory]
    [InlineData("", "[dcron: x]\n")]
    [InlineData("a\n", "a\n[dcron: x]\n")]
    [InlineData("a", "a\n[dcron: x]\n")]
    public void A_marker_stands_on_a_line_by_itself(string before, string after)
    {
        using var log = Create();
        log.Append(Encoding.UTF8.GetBytes(before));
        log.AppendMarker("[dcron: x]");
        log.Complete();

        Assert.Equal(after, Text());
    }

    [Fact]
    public void What_is_kept_is_always_the_beginning_of_what_came() =>
        Gen.Select(Gen.Byte.Array[0, 40].Array[0, 20], Gen.Int[0, 300]).Sample((pieces, limit) =>
        {
            using var log = Create(limit);
            foreach (var piece in pieces)
            {
                log.Append(piece);
            }

            log.Complete();
            var all = pieces.SelectMany(piece => piece).ToArray();
            var file = File.ReadAllBytes(_path);
            var kept = Math.Min(all.Length, limit);
            return file.AsSpan(0, kept).SequenceEqual(all.AsSpan(0, kept))
                && log.Discarded == all.Length - kept
                && (log.Discarded > 0 || file.Length == all.Length);
        }, iter: 200, threads: 1);

    private static object Shape(LogChunk chunk) => new { chunk.Length, chunk.Ended };

    private static async Task<string> Follow(SpooledLog log)
    {
        var text = new StringBuilder();
        for (var ended = false; !ended;)
        {
            var chunk = await log.ReadAsync(text.Length, 1000, ProcessBench.Patience);
            text.Append(Encoding.ASCII.GetString(chunk.Bytes));
            ended = chunk.Ended;
        }

        return text.ToString();
    }

    private string Text() => File.ReadAllText(_path);

    private SpooledLog Create(long limit = 1000_000)
    {
        Assert.Equal(Errno.None, SpooledLog.Create(_path, limit, TimeProvider.System, out var log));
        return log!;
    }
}
