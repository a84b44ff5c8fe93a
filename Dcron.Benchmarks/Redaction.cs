using System.Diagnostics;
using System.Text;
using Dcron.Grains.Processes;
using Dcron.Grains.Processes.Native;
using Dcron.Grains.Secrets;

namespace Dcron.Benchmarks;

/// <summary>What keeping secrets out of a log costs: 128 MiB of output into a spooled log, in pieces as they come from a pipe, without and with secrets to look for.</summary>
internal static class Redaction
{
    private const int Piece = 64 * 1024;
    private const int Pieces = 2048;

    public static void Run()
    {
        var line = Encoding.ASCII.GetBytes("2026-03-29T01:00:00.123Z INFO backup: copied /srv/data/part-000123.tar.gz (1048576 bytes, 12 files, 0 errors)\n");
        var ordinary = Repeat(line);
        var base64 = Repeat(Encoding.ASCII.GetBytes(Convert.ToBase64String(Enumerable.Range(0, 57).Select(i => (byte)(i * 37)).ToArray()) + "\n"));
        Compare("log lines", ordinary, 1, 10, 50);
        Compare("base64", base64, 1, 10, 50);

        // What a script would print, and be given, to slow down the one thread that reads all scripts' output.
        Compare("near misses of a long secret", Repeat("a"u8.ToArray()), [[.. Enumerable.Repeat((byte)'a', 5000), (byte)'b']]);
        Compare("near misses of a short secret", Repeat("aaaaac"u8.ToArray()), ["aaab"u8.ToArray()]);
        Compare("beginnings", Repeat(SecretsOf(10).SelectMany(secret => secret[..^1]).ToArray()), SecretsOf(10));
        Compare("nothing but secrets", Repeat(SecretsOf(10).SelectMany(secret => secret).ToArray()), SecretsOf(10));
    }

    private static byte[][] SecretsOf(int count) => [.. Enumerable.Range(0, count).Select(i => Encoding.ASCII.GetBytes($"{i}-secret-{i * 7919}-{i * 104729}"))];

    private static void Compare(string name, byte[] output, params int[] counts)
    {
        foreach (var count in counts)
            Compare(name, output, SecretsOf(count));
    }

    private static void Compare(string name, byte[] output, byte[][] values)
    {
        var forms = RedactedForms.Of(values);
        var start = Stopwatch.GetTimestamp();
        var matcher = new SecretMatcher(forms);
        var built = Stopwatch.GetElapsedTime(start);
        var (bare, with) = (Measure(output, null), Measure(output, matcher));
        Console.WriteLine(FormattableString.Invariant(
            $"{name}, {values.Length} secret(s), {forms.Count} forms, made ready in {built.TotalMilliseconds:0.0} ms: {Rate(with):0} MB/s instead of {Rate(bare):0} MB/s"));
    }

    private static double Rate(TimeSpan time) => (double)Piece * Pieces / 1e6 / time.TotalSeconds;

    private static TimeSpan Measure(byte[] output, SecretMatcher? secrets)
    {
        var best = TimeSpan.MaxValue;
        for (var round = 0; round < 3; round++)
        {
            var path = Path.Combine(Path.GetTempPath(), $"dcron-redaction-{Environment.ProcessId}.log");
            if (SpooledLog.Create(path, long.MaxValue, TimeProvider.System, out var log, secrets) is not Errno.None and var error)
                throw new IOException(error.ToString());
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < Pieces; i++)
                log!.Append(output);
            log!.Complete();
            var took = Stopwatch.GetElapsedTime(start);
            log.Dispose();
            File.Delete(path);
            best = took < best ? took : best;
        }

        return best;
    }

    private static byte[] Repeat(byte[] line)
    {
        var piece = new byte[Piece];
        for (var i = 0; i < Piece; i++)
            piece[i] = line[i % line.Length];
        return piece;
    }
}
