using System.Globalization;
using System.Text;
using CsCheck;
using Dcron.Cli.Output;

namespace Dcron.Tests.Cli;

public class SafeTextTests
{
    [Theory]
    [InlineData("nightly", "nightly")]
    [InlineData("große Räume 日本 👩‍👩‍👧", "große Räume 日本 👩‍👩‍👧")]
    [InlineData("\x1b[2Jgone", "\\x1b[2Jgone")]
    [InlineData("a\nb\tc\r", "a\\nb\\tc\\r")]
    [InlineData("\u009b31m", "\\x9b31m")]
    [InlineData("\u007f", "\\x7f")]
    [InlineData("evil\u202Etxt.exe", "evil\\u{202e}txt.exe")]
    [InlineData("zero\u200Bwidth\uFEFF", "zero\\u{200b}width\\u{feff}")]
    [InlineData("line\u2028sep", "line\\u{2028}sep")]
    [InlineData(null, "")]
    public void What_could_steer_a_terminal_is_written_out(string? text, string shown) => Assert.Equal(shown, SafeText.Of(text));

    [Fact]
    public void Half_a_surrogate_pair_becomes_the_replacement_character() => Assert.Equal("a\uFFFDb", SafeText.Of("a\ud83db"));

    [Fact]
    public void No_text_at_all_leaves_a_control_or_format_character() => Gen.String.Sample(text =>
        Assert.DoesNotContain(SafeText.Of(text).EnumerateRunes(), r => Rune.GetUnicodeCategory(r) is UnicodeCategory.Control
            || (Rune.GetUnicodeCategory(r) is UnicodeCategory.Format && r.Value is not (0x200C or 0x200D))));
}
