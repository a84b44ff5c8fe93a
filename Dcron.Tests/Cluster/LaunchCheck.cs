using System.Text.Json.Nodes;

namespace Dcron.Tests.Cluster;

/// <summary>Compares what a job that is due each second has as documents with the starts that its scripts wrote down themselves.</summary>
public static class LaunchCheck
{
    // test.sh knows these words: such a failure is never forgiven.
    private const string Broken = "A launch was missed or doubled";

    /// <summary>Fails, with a sentence for each, when a launch is missing or doubled.</summary>
    /// <param name="executions">All final executions of the job, the oldest first, manual runs not included.</param>
    /// <param name="starts">Starts of any jobs.</param>
    public static void Exact(string job, IReadOnlyList<JsonNode> executions, IEnumerable<Trace> starts)
    {
        var violations = Violations(job, executions, starts);
        Assert.True(violations.Count == 0, $"{Broken}:\n{string.Join('\n', violations)}");
    }

    private static List<string> Violations(string job, IReadOnlyList<JsonNode> executions, IEnumerable<Trace> starts)
    {
        var violations = new List<string>();
        for (var i = 1; i < executions.Count; i++)
        {
            var (before, at) = (FireTime(executions[i - 1]), FireTime(executions[i]));
            if (at - before != TimeSpan.FromSeconds(1))
            {
                violations.Add($"{job}: after the document of {before:O} comes that of {at:O}");
            }
        }

        var started = starts.Where(start => start.ExecutionId.StartsWith(job + "@", StringComparison.Ordinal)).GroupBy(start => start.ExecutionId).ToDictionary(group => group.Key, group => group.Count());
        violations.AddRange(started.Where(pair => pair.Value > 1).Select(pair => $"{pair.Key} was started {pair.Value} times"));
        var results = executions.ToDictionary(execution => (string)execution["execution_id"]!, execution => (string)execution["execution_result"]!);
        violations.AddRange(started.Keys.Where(id => results.GetValueOrDefault(id) is not ("succeeded" or "lost")).Select(id => $"{id} was started, but its document says {results.GetValueOrDefault(id) ?? "nothing"}"));
        violations.AddRange(results.Where(pair => pair.Value == "succeeded" && !started.ContainsKey(pair.Key)).Select(pair => $"{pair.Key} succeeded, but was never started"));
        violations.AddRange(results.Where(pair => pair.Value is not ("succeeded" or "lost" or "skipped" or "missed")).Select(pair => $"{pair.Key} is {pair.Value}"));
        return violations;
    }

    private static DateTimeOffset FireTime(JsonNode execution) => (DateTimeOffset)execution["execution_date"]!;
}
