using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Dcron.Api.Jobs;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;
using Dcron.Grains.Scheduling;
using static Dcron.Tests.Scheduling.SomeJob;

namespace Dcron.Tests.Scheduling;

/// <summary>Every example of docs/policies.md, run as it stands.</summary>
public sealed class PolicyExamplesTests
{
    public static TheoryData<string> Scenarios { get; } = [.. Blocks("scenario")];

    public static TheoryData<string> Previews { get; } = [.. Blocks("preview").SelectMany(block => block.Split('\n'))];

    [Fact]
    public void There_are_examples_of_each_kind() => Assert.True(Scenarios.Count >= 9 && Previews.Count >= 6);

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void An_example_goes_as_it_is_written(string scenario)
    {
        JobDocument? job = null;
        foreach (var line in scenario.Split('\n'))
        {
            var now = At(line[..5]);
            var rest = line[6..];
            if (rest.StartsWith("job ", StringComparison.Ordinal))
            {
                var fields = JsonNode.Parse(rest[4..])!.AsObject();
                (fields["script_type"], fields["script_location"]) = ("python", "s3://scripts/a.py");
                var reading = JobSpecReader.Read(JsonSerializer.SerializeToElement(fields), (spec, errors) => JobRules.Check(spec, Id, now, errors));
                job = JobPlanner.Create(new CreateJob(Id, Assert.IsType<JobSpecReading.Valid>(reading).Spec), null, now);
                continue;
            }

            var (act, expected) = rest.Split(": ") is [var first, var second] ? (first, second) : throw new FormatException(line);
            job = Happen(job!, act, now);
            job = Dropped(job, now, out var overdue);
            Assert.Equal((line, expected), (line, State(job, overdue, now)));
            job = JobPlanner.Recorded(job, [.. job.Unrecorded.Select(passed => passed.ExecutionId)], now).Job;
        }
    }

    [Theory]
    [MemberData(nameof(Previews))]
    public void A_schedule_fires_as_it_is_written(string example)
    {
        var parts = example.Split(" | ");
        var (zone, expression) = (TimeZoneInfo.FindSystemTimeZoneById(parts[0].Split(' ')[0]), parts[0][(parts[0].IndexOf(' ') + 1)..]);
        var rules = parts[1].Split(' ');
        var times = new FireTimes(CronText.Parse(expression), zone, null, null, Enum.Parse<DstGap>(rules[0], true), Enum.Parse<DstOverlap>(rules[1], true));
        var expected = parts[3].Split(' ');

        var found = times.Next(expected.Length, At(parts[2]["after ".Length..])).Select(time => TimeZoneInfo.ConvertTime(time, zone).ToString("yyyy-MM-dd'T'HH:mmzzz", CultureInfo.InvariantCulture));

        Assert.Equal(expected, found);
    }

    private static JobDocument Happen(JobDocument job, string act, DateTimeOffset now)
    {
        if (act == "wake")
        {
            return JobPlanner.Plan(job, now).Job;
        }

        var words = act.Split(' ', 2);
        var result = words[1] switch
        {
            "succeeds" => ExecutionResult.Succeeded,
            "fails" => ExecutionResult.Failed,
            "is lost" => ExecutionResult.Lost,
            "is cancelled" => ExecutionResult.Cancelled,
            _ => throw new FormatException(act),
        };
        var id = job.Open.Single(owed => Short(owed.Launch.ExecutionId) == words[0]).Launch.ExecutionId;
        return JobPlanner.Finished(job, new ExecutionEnd(id, result, result == ExecutionResult.Failed ? 1 : null, now), now).Job;
    }

    private static JobDocument Dropped(JobDocument job, DateTimeOffset now, out IReadOnlyList<ExecutionId> overdue)
    {
        overdue = [.. JobPlanner.Overdue(job, now).Select(owed => owed.Launch.ExecutionId)];
        return overdue.Aggregate(job, (rest, id) => JobPlanner.Finished(rest, id, now).Job);
    }

    private static string State(JobDocument job, IReadOnlyList<ExecutionId> overdue, DateTimeOffset now)
    {
        var open = job.Open.Select(owed => Short(owed.Launch.ExecutionId)
            + (owed.ReplacedBy is not null ? " is ended" : owed.Waits ? " waits" : owed.Launch.DueAt > now ? $" is due at {owed.Launch.DueAt:HH:mm}" : " runs"));
        var passed = job.Unrecorded.Select(instant => $"{Short(instant.ExecutionId)} {instant.Result.ToString().ToLowerInvariant()}");
        var all = open.Concat(passed).Concat(overdue.Select(id => $"{Short(id)} missed")).ToList();
        return all.Count == 0 ? "nothing" : string.Join(", ", all);
    }

    private static string Short(ExecutionId id) => id.FireTime.ToString("HH:mm", CultureInfo.InvariantCulture) + (id.Attempt > 1 ? $".a{id.Attempt}" : "");

    private static IEnumerable<string> Blocks(string kind)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, "docs", "policies.md"));
        return text.Split($"```{kind}\n").Skip(1).Select(block => block[..block.IndexOf("\n```", StringComparison.Ordinal)]);
    }
}
