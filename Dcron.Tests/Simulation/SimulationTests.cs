using System.Diagnostics;
using System.Globalization;
using Xunit.Abstractions;

namespace Dcron.Tests.Simulation;

/// <summary>
/// The real grains, worker, spool and ledger through thousands of simulated lives. <c>DCRON_SIM_SEED=n</c> replays one of them,
/// <c>DCRON_SIM_SEEDS=n</c> runs so many, from <c>DCRON_SIM_FIRST</c> on.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int Seeds = 1500;
    private const int MostSeconds = 40;
    private const int MostFailures = 10;
    private const int MostFaults = 5;

    [Fact]
    public void Every_life_ends_with_a_ledger_in_order()
    {
        var replay = Number("DCRON_SIM_SEED");
        var count = replay is not null ? 1 : Number("DCRON_SIM_SEEDS") ?? Seeds;
        var first = replay ?? Number("DCRON_SIM_FIRST") ?? 1;
        var (began, done, due, processes) = (Stopwatch.GetTimestamp(), 0, 0L, 0L);
        var asked = Number("DCRON_SIM_SEEDS") is not null;
        var (failed, kinds) = (new List<string>(), new SortedDictionary<string, long>(StringComparer.Ordinal));
        for (var seed = first; seed < first + count && failed.Count < MostFailures; seed++)
        {
            if (!asked && Stopwatch.GetElapsedTime(began).TotalSeconds > MostSeconds && done >= 200)
            {
                break; // a slow machine runs fewer of them, never none
            }

            if (!asked && replay is null && Life.IsOfCrowd(seed))
            {
                continue; // one of these is a test of its own
            }

            var outcome = Scenario.Run(seed);
            if (outcome.Faults.Count > 0)
            {
                failed.Add($"Seed {seed} (DCRON_SIM_SEED={seed} replays it):\n{string.Join('\n', outcome.Faults.Take(MostFaults))}");
            }

            foreach (var process in outcome.Cluster.Processes.All)
            {
                var kind = process.Launch.RerunOf is null ? process.Launch.Trigger.ToString() : "Rerun";
                kinds[kind] = kinds.GetValueOrDefault(kind) + 1;
            }

            (done, due, processes) = (done + 1, due + outcome.Report.Due, processes + outcome.Processes);
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{done} seeds: {due} fire times, {processes} processes ({string.Join(", ", kinds.Select(kind => $"{kind.Key} {kind.Value}"))}), {Stopwatch.GetElapsedTime(began).TotalSeconds:F0} s"));
        Assert.True(failed.Count == 0, string.Join("\n\n", failed));
        Assert.True(done < 20 || processes > done, "hardly anything was started");
    }

    [Fact]
    public void A_seed_replays_exactly()
    {
        var (once, again) = (Scenario.Run(7), Scenario.Run(7));

        Assert.Equal((once.Steps, once.Trail, once.Processes, once.Report.Due), (again.Steps, again.Trail, again.Processes, again.Report.Due));
        Assert.NotEqual(once.Trail, Scenario.Run(8).Trail);
    }

    [Fact]
    public void Thousands_of_jobs_over_hours_are_no_different()
    {
        var outcome = Scenario.Run(Life.CrowdEvery, life: Life.Of(Life.CrowdEvery) with { Jobs = 2_000, Length = TimeSpan.FromHours(1.25) });

        Assert.Empty(outcome.Faults);
        Assert.True(outcome.Processes > 1500, $"only {outcome.Processes} processes");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{outcome.Report.Jobs} jobs, {outcome.Report.Due} fire times, {outcome.Processes} processes, {outcome.Steps} steps"));
    }

    /// <summary>A simulation that no mistake makes fail would prove nothing.</summary>
    [Theory]
    [InlineData(nameof(Mutant.ClaimsAreNotExclusive))]
    [InlineData(nameof(Mutant.StartsAfterConflict))]
    [InlineData(nameof(Mutant.FinishesWithoutRevision))]
    [InlineData(nameof(Mutant.MarksBeforeSaving))]
    [InlineData(nameof(Mutant.ForgetsOwedLaunches))]
    [InlineData(nameof(Mutant.ForgetsUnrecorded))]
    [InlineData(nameof(Mutant.DoesNotWaitForTheLease))]
    [InlineData(nameof(Mutant.StartsFromTheSpool))]
    [InlineData(nameof(Mutant.OverlapsAreLetIn))]
    [InlineData(nameof(Mutant.QueueIsReversed))]
    [InlineData(nameof(Mutant.ReplacedRunOn))]
    [InlineData(nameof(Mutant.RetriesWithoutEnd))]
    [InlineData(nameof(Mutant.ForgetsRetries))]
    [InlineData(nameof(Mutant.BackfillsForgetTheirMark))]
    [InlineData(nameof(Mutant.ForgetsBackfills))]
    [InlineData(nameof(Mutant.ForgetsKeys))]
    [InlineData(nameof(Mutant.LaunchesAreNotPinned))]
    [InlineData(nameof(Mutant.DropsWithoutHorizon))]
    [InlineData(nameof(Mutant.ForgetsDeletions))]
    [InlineData(nameof(Mutant.ForgetsDeadlines))]
    [InlineData(nameof(Mutant.TakesWhatIsTooLate))]
    [InlineData(nameof(Mutant.MissesWhatIsOnTime))]
    [InlineData(nameof(Mutant.RunsWhatIsSkipped))]
    [InlineData(nameof(Mutant.RunsTheOldest))]
    [InlineData(nameof(Mutant.RunsAllBackwards))]
    [InlineData(nameof(Mutant.RunsOneMore))]
    [InlineData(nameof(Mutant.QueuesOneMore))]
    [InlineData(nameof(Mutant.ReplacesNothing))]
    [InlineData(nameof(Mutant.RetriesOnceMore))]
    [InlineData(nameof(Mutant.RetriesAnyStatus))]
    [InlineData(nameof(Mutant.RetriesAtOnce))]
    [InlineData(nameof(Mutant.RetriesDoNotBackOff))]
    public void A_protocol_without_one_of_its_rules_is_found_out(string name)
    {
        var mutant = Enum.Parse<Mutant>(name);
        for (var seed = 1; seed <= 100; seed++)
        {
            if (Scenario.Run(seed, mutant).Faults is [var first, ..])
            {
                output.WriteLine($"{mutant}: seed {seed}: {first}");
                return;
            }
        }

        Assert.Fail($"{mutant} was not noticed in 100 lives");
    }

    private static int? Number(string variable) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
