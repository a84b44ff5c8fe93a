using System.Text;
using CsCheck;
using Dcron.Api.Executions;

namespace Dcron.Tests.Api;

public sealed class Utf8ChunksTests
{
    [Fact]
    public void A_character_that_is_cut_waits_for_its_rest()
    {
        var chunks = new Utf8Chunks(0);
        Assert.Equal(new LogText(0, "a"), chunks.Append([(byte)'a', 0xE2, 0x82]));
        Assert.Equal((1, 3), (chunks.Offset, chunks.ReadUpTo));
        Assert.Null(chunks.Append([]));
        Assert.Equal(new LogText(1, "€b"), chunks.Append([0xAC, (byte)'b']));
        Assert.Equal(5, chunks.Offset);
        Assert.Null(chunks.Finish());
    }

    [Fact]
    public void A_cut_that_stays_is_told_at_the_end()
    {
        var chunks = new Utf8Chunks(10);
        Assert.Null(chunks.Append([0xF0, 0x9F]));
        Assert.Equal(new LogText(10, "\uFFFD"), chunks.Finish());
        Assert.Equal(12, chunks.Offset);
    }

    [Fact]
    public void Bytes_that_are_no_text_do_not_wait() => Assert.Equal(new LogText(0, "\uFFFDx\uFFFD"), new Utf8Chunks(0).Append([0xFF, (byte)'x', 0x80]));

    [Fact]
    public void However_it_is_cut_the_text_and_the_positions_are_the_same()
    {
        var piece = Gen.Frequency((3, Gen.Char['a', 'z'].Array[0, 5].Select(c => Encoding.UTF8.GetBytes(c))), (3, Gen.OneOfConst("€", "ß", "😀", "日本").Select(Encoding.UTF8.GetBytes)), (2, Gen.Byte.Array[0, 4]));
        Gen.Select(piece.Array[0, 12], Gen.Int[1, 5].Array[40]).Sample((pieces, cuts) =>
        {
            byte[] whole = [.. pieces.SelectMany(bytes => bytes)];
            var (chunks, text, position) = (new Utf8Chunks(0), new StringBuilder(), 0);
            foreach (var cut in cuts)
            {
                var length = Math.Min(cut, whole.Length - position);
                Take(chunks.Append(whole.AsSpan(position, length)));
                position += length;
                Assert.Equal(position, chunks.ReadUpTo);
                // Whoever takes up again at the offset reads the same text.
                Assert.Equal(Encoding.UTF8.GetString(whole), text + Encoding.UTF8.GetString(whole.AsSpan((int)chunks.Offset)));
            }

            Take(chunks.Append(whole.AsSpan(position)));
            Take(chunks.Finish());
            Assert.Equal(Encoding.UTF8.GetString(whole), text.ToString());
            Assert.Equal(whole.Length, chunks.Offset);

            void Take(LogText? log) => text.Append(log?.Text);
        });
    }
}
