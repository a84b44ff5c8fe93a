using System.Globalization;
using Dcron.Tests.Node;

namespace Dcron.Tests.Cluster;

/// <summary>What the scripts themselves say of their starts: each appends a line to a file, which no part of dcron has a hand in.</summary>
public sealed class Traces(string file)
{
    private readonly string _path = ForAll(file);

    private const string Script = """
        import os, sys, time
        trace = os.open(os.environ['TRACE'], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(trace, f"{time.time_ns()} {os.environ['DCRON_EXECUTION_ID']}\n".encode())
        time.sleep(float(sys.argv[1]) if len(sys.argv) > 1 else 0)
        os.write(trace, f"{time.time_ns()} {os.environ['DCRON_EXECUTION_ID']} end\n".encode())
        """;

    /// <summary>A job whose script leaves its trace, and sleeps then.</summary>
    /// <returns>The job's id.</returns>
    public async Task<string> CreateJobAsync(NodeProcess node, string time, double seconds = 0, string overlap = "skip")
    {
        var location = await node.UploadAsync("trace.py", Script);
        var job = await node.CreateJobAsync(new
        {
            time,
            script_type = "python",
            script_location = location,
            args = new[] { seconds.ToString(CultureInfo.InvariantCulture) },
            env = new Dictionary<string, string> { ["TRACE"] = _path },
            overlap_policy = overlap,
        });
        return (string)job["job_id"]!;
    }

    /// <summary>The starts so far, in the order in which they happened.</summary>
    public IReadOnlyList<Trace> Starts() => [.. Lines().Where(line => line.Length == 2).Select(Parse)];

    /// <summary>Those that came to their own end.</summary>
    public IReadOnlyList<Trace> Ends() => [.. Lines().Where(line => line.Length == 3).Select(Parse)];

    // Scripts run as other users than the tests, and than each other.
    private static string ForAll(string path)
    {
        File.WriteAllText(path, "");
        Security.FileModes.Set(path, 0b110_110_110);
        return path;
    }

    private static Trace Parse(string[] words) =>
        new(DateTimeOffset.UnixEpoch.AddTicks(long.Parse(words[0], CultureInfo.InvariantCulture) / 100), words[1]);

    private IEnumerable<string[]> Lines() =>
        File.Exists(_path) ? File.ReadAllLines(_path).Select(line => line.Split(' ')) : [];
}

/// <summary>One start, or end, of a script.</summary>
public sealed record Trace(DateTimeOffset At, string ExecutionId)
{
    public DateTimeOffset FireTime => DateTimeOffset.ParseExact(
        ExecutionId.Split('@')[1].Split('.')[0], "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
