using System.Text;
using CsCheck;
using Dcron.Grains.Secrets;

namespace Dcron.Tests.Security;

public sealed class LogRedactorTests
{
    // Few letters, so that secrets overlap each other, themselves and what is no secret.
    private static readonly Gen<byte[]> FewLetters = Gen.Byte[(byte)'a', (byte)'c'].Array[0, 60];
    private static readonly Gen<byte[][]> Patterns = Gen.Byte[(byte)'a', (byte)'c'].Array[2, 7].Array[1, 4];

    [Fact]
    public void However_the_output_is_cut_no_secret_is_left_and_nothing_else_is_lost() =>
        Gen.Select(Patterns, FewLetters, Gen.Int[1, 9].Array[1, 80]).Sample(
            (patterns, output, cuts) =>
            {
                Assert.Equal(Expected(patterns, output), Redacted(patterns, output, cuts));
            },
            iter: 20_000);

    // Long enough to be leapt between, with letters that ordinary text has too: pieces of them, whole ones, and what is none, in any order.
    [Fact]
    public void However_long_secrets_are_and_however_far_apart_no_secret_is_left_and_nothing_else_is_lost()
    {
        var letters = Gen.Byte[(byte)'a', (byte)'e'];
        var secrets = Gen.OneOf(letters.Array[4, 40], letters.Array[20, 90], Gen.Byte.Array[4, 30]).Array[1, 6];
        var pieces = Gen.Select(Gen.Int[0, 99], Gen.Int[0, 99], Gen.Int[0, 99], letters.Array[0, 30], (which, from, to, filler) => (which, from, to, filler)).Array[0, 12];
        Gen.Select(secrets, pieces, Gen.Int[1, 70].Array[1, 40]).Sample(
            (patterns, parts, cuts) =>
            {
                var output = parts.SelectMany(part => part.filler.Concat(PieceOf(patterns[part.which % patterns.Length], part.from, part.to))).ToArray();
                Assert.Equal(Expected(patterns, output), Redacted(patterns, output, cuts));
            },
            iter: 20_000);
    }

    [Theory]
    [InlineData("hunter2 hunter23 hunter", "a hunter23, a hunter2 and a hunter", "a ***, a *** and a ***")] // one begins another
    [InlineData("one-two two-three", "say one-two-three", "say ***")] // one ends as the other begins
    [InlineData("correct-horse orse-bat", "correct-horse-battery", "***tery")]
    [InlineData("abcd bc", "xbcx abcx abcd", "x***x a***x ***")] // one lies in the other
    [InlineData("aaab", "aaaaaab aaaa", "aaa*** aaaa")]
    [InlineData("abab", "abababab ab", "*** ab")]
    public void Overlapping_secrets_are_taken_as_one(string secrets, string output, string shown)
    {
        byte[][] patterns = [.. secrets.Split(' ').Select(Encoding.ASCII.GetBytes)];
        for (var cut = 1; cut <= output.Length; cut++)
            Assert.Equal(shown, Encoding.ASCII.GetString(Redacted(patterns, Encoding.ASCII.GetBytes(output), [cut])));
    }

    [Fact]
    public void A_log_made_of_what_almost_is_a_secret_takes_no_step_twice()
    {
        // Where each beginning were followed to where it fails, this would take ten thousand million steps.
        byte[][] patterns = [[.. Enumerable.Repeat((byte)'a', 5000), (byte)'b'], [.. Enumerable.Repeat((byte)'a', 4000), (byte)'c']];
        var output = Enumerable.Repeat((byte)'a', 2_000_000).ToArray();
        Assert.Equal(output, Redacted(patterns, output, [64 * 1024]));
    }

    [Fact]
    public void What_is_given_out_never_waits_for_more_than_what_may_be_a_secret()
    {
        var redactor = new LogRedactor(new SecretMatcher(["hunter2"u8.ToArray()]));
        var output = new MemoryStream();
        redactor.Write("a line\npassword: hun"u8, output.Write);
        Assert.Equal("a line\npassword: ", Encoding.UTF8.GetString(output.ToArray()));
        redactor.Write("t"u8, output.Write);
        redactor.Write("ing\n"u8, output.Write);
        Assert.Equal("a line\npassword: hunting\n", Encoding.UTF8.GetString(output.ToArray()));
        redactor.Write("hunter"u8, output.Write);
        redactor.Flush(output.Write);
        Assert.Equal("a line\npassword: hunting\nhunter", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Theory]
    [InlineData("p4ss wörd/\"x\"+", "p4ss wörd/\"x\"+")]
    [InlineData("p4ss wörd/\"x\"+", "cDRzcyB3w7ZyZC8ieCIr")] // base64 of it
    [InlineData("p4ss wörd/\"x\"+", "dXNlcjpwNHNzIHfDtnJkLyJ4Iis=")] // of user:it
    [InlineData("p4ss wörd/\"x\"+", "bWU6cDRzcyB3w7ZyZC8ieCIrOzs7")] // of me:it;;;
    [InlineData("p4ss wörd/\"x\"+", "7034737320 77c3b67264 2f2278222b")]
    [InlineData("p4ss wörd/\"x\"+", "p4ss%20w%C3%B6rd%2F%22x%22%2B")]
    [InlineData("p4ss wörd/\"x\"+", "p4ss+w%C3%B6rd%2F%22x%22%2B")]
    [InlineData("p4ss wörd/\"x\"+", "p4ss wörd/\\\"x\\\"+")]
    [InlineData("p4ss wörd/\"x\"+", "p4ss w\\u00f6rd/\\\"x\\\"+")]
    [InlineData("-----BEGIN KEY-----\nMIIEvQIBADANBgkq\n-----END KEY-----\n", "  MIIEvQIBADANBgkq  ")]
    [InlineData("with a line break at the end\n", "with a line break at the end")]
    public void The_forms_that_programs_print_are_known(string secret, string printed)
    {
        var text = printed.Replace(" ", printed.StartsWith("7034", StringComparison.Ordinal) ? "" : " ", StringComparison.Ordinal);
        var shown = Encoding.UTF8.GetString(Redacted(RedactedForms.Of([Encoding.UTF8.GetBytes(secret)]), Encoding.UTF8.GetBytes($"before {text} after"), [5]));
        Assert.Contains("***", shown, StringComparison.Ordinal);
        Assert.StartsWith("before ", shown, StringComparison.Ordinal);
        Assert.EndsWith(" after", shown, StringComparison.Ordinal);

        // Of base64, at most the two characters on each side that the neighbours decide too.
        Assert.True(shown.Length <= "before  after".Length + "***".Length + 16, shown);
        Assert.DoesNotContain(text.Trim()[6..^6], shown, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_that_repeats_itself_and_output_that_almost_repeats_it_cost_no_more_than_any_other()
    {
        var matcher = new SecretMatcher([Enumerable.Repeat((byte)'a', 5000).Append((byte)'b').ToArray()]);
        var state = 0;
        var output = Enumerable.Repeat((byte)'a', 200_000).ToArray();

        // Each step is one look and at most as many fallbacks as there were steps forward: two million for this, where a naive search takes a thousand million.
        foreach (var value in output)
            state = matcher.Step(state, value);
        Assert.Equal(5000, matcher.DepthOf(state));
        Assert.Equal(5001, matcher.MatchAt(matcher.Step(state, (byte)'b')));
    }

    private static byte[] PieceOf(byte[] pattern, int from, int to) => from > to ? pattern : pattern[(pattern.Length * from / 100)..(pattern.Length * to / 100)];

    private static byte[] Redacted(IReadOnlyCollection<byte[]> patterns, byte[] output, int[] cuts)
    {
        var redactor = new LogRedactor(new SecretMatcher(patterns));
        var shown = new MemoryStream();
        for (var (at, cut) = (0, 0); at < output.Length; cut++)
        {
            var length = Math.Min(cuts[cut % cuts.Length], output.Length - at);
            redactor.Write(output.AsSpan(at, length), shown.Write);
            at += length;
        }

        redactor.Flush(shown.Write);
        return shown.ToArray();
    }

    /// <summary>The same, told plainly: every byte that is in any occurrence of any secret is covered, and each covered run shows as three stars.</summary>
    private static byte[] Expected(IReadOnlyCollection<byte[]> patterns, byte[] output)
    {
        var covered = new bool[output.Length];
        foreach (var pattern in patterns)
        {
            for (var at = 0; at + pattern.Length <= output.Length; at++)
            {
                if (output.AsSpan(at).StartsWith(pattern))
                    covered.AsSpan(at, pattern.Length).Fill(true);
            }
        }

        var shown = new List<byte>();
        for (var at = 0; at < output.Length; at++)
        {
            if (!covered[at])
                shown.Add(output[at]);
            else if (at == 0 || !covered[at - 1])
                shown.AddRange("***"u8);
        }

        return [.. shown];
    }
}
