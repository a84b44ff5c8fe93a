using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Dcron.Cli.Output;

namespace Dcron.Tests.Cli;

public class TerminalLogFilterTests
{
    [Theory]
    [InlineData("plain\n", "plain\n")]
    [InlineData("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m\x1b[0m")]
    [InlineData("\x1b[38:2::1:2:3mtrue\n", "\x1b[38:2::1:2:3mtrue\n\x1b[0m")]
    [InlineData("a\x1b[2Jb\x1b[Hc", "abc")]
    [InlineData("a\x1b[>4;2mb", "ab")]
    [InlineData("\x1b]0;title\ax", "x")]
    [InlineData("\x1b]52;c;ZXZpbA==\x1b\\x", "x")]
    [InlineData("\x1bP1$r0m\x1b\\x", "x")]
    [InlineData("\x1b(0x", "x")]
    [InlineData("\x1b" + "cx", "x")]
    [InlineData("a\bb\ac\0", "abc")]
    [InlineData("\u009b31mx\u009d0;t\u009cy", "\x1b[31mxy\x1b[0m")]
    [InlineData("progress 1%\rprogress 2%", "progress 1%\rprogress 2%")]
    [InlineData("\x1b]never closed\nnext line", "\nnext line")]
    [InlineData("\x1b[31\nnext", "\nnext")]
    [InlineData("größer 日本 👍", "größer 日本 👍")]
    public void Only_text_and_colours_reach_the_terminal(string printed, string shown)
    {
        Assert.Equal(shown, Whole(Encoding.UTF8.GetBytes(printed)));
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_show_as_the_replacement_character() =>
        Assert.Equal("a\uFFFDb\uFFFD", Whole([(byte)'a', 0x9b, (byte)'b', 0xe2, 0x82]));

    [Fact]
    public void It_does_not_matter_where_the_pieces_are_cut() =>
        Gen.Select(Gen.OneOf(Gen.Byte, Gen.OneOfConst("\x1b[]0;31mP\\\a\n"u8.ToArray())).Array[0, 60], Gen.Int[1, 7]).Sample((bytes, size) =>
        {
            var filter = new TerminalLogFilter();
            var pieces = new List<byte>();
            foreach (var piece in bytes.Chunk(size))
                pieces.AddRange(filter.Filter(piece));
            pieces.AddRange(filter.Finish());
            Assert.Equal(Whole(bytes), Encoding.UTF8.GetString([.. pieces]));
        });

    [Fact]
    public void Whatever_is_printed_no_other_escape_gets_through() =>
        Gen.OneOf(Gen.Byte, Gen.OneOfConst("\x1b[]0;31mP\\\a\n"u8.ToArray())).Array[0, 60].Sample(bytes =>
        {
            var rest = Regex.Replace(Whole(bytes), "\x1b\\[[0-9;:]*m", "");
            Assert.DoesNotContain(rest, c => char.IsControl(c) && c is not ('\n' or '\t' or '\r'));
        });

    private static string Whole(byte[] bytes)
    {
        var filter = new TerminalLogFilter();
        byte[] shown = [.. filter.Filter(bytes), .. filter.Finish()];
        return Encoding.UTF8.GetString(shown);
    }
}
