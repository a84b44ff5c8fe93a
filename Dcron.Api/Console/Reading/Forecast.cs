using Dcron.Api.Access;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Grains.Scheduling;

namespace Dcron.Api.Console.Reading;

/// <summary>A minute in which more starts than in others.</summary>
/// <param name="Titles">Some of the jobs that fire then.</param>
public sealed record CrowdedMinute(DateTimeOffset At, int Runs, IReadOnlyList<string> Titles);

/// <summary>What will run in the coming week, minute by minute.</summary>
/// <param name="From">The first minute.</param>
/// <param name="Runs">How many executions start in each minute.</param>
/// <param name="Seconds">How long they will run together, by what their jobs took lately.</param>
/// <param name="Jobs">How many active jobs it is made from.</param>
/// <param name="JobsLeftOut">How many were one too many to count.</param>
/// <param name="JobsTimed">How many of them ran lately, so that it is known how long they take.</param>
/// <param name="AssumedSeconds">What the others are taken to need: the median of those.</param>
/// <param name="Crowded">The fullest minutes, in order of time.</param>
public sealed record Forecast(
    DateTimeOffset From, int[] Runs, double[] Seconds, int Jobs, int JobsLeftOut, int JobsTimed, double AssumedSeconds, IReadOnlyList<CrowdedMinute> Crowded, DateTimeOffset MadeAt)
{
    public const int Days = 7;
    public const int Minutes = Days * 24 * 60;

    /// <summary>The sum over an hour that begins at an instant; zeros where it reaches beyond the week.</summary>
    public (int Runs, double Seconds) Hour(DateTimeOffset start)
    {
        var first = (int)Math.Floor((start - From).TotalMinutes);
        var (runs, seconds) = (0, 0.0);
        for (var minute = Math.Max(0, first); minute < Math.Min(Minutes, first + 60); minute++)
            (runs, seconds) = (runs + Runs[minute], seconds + Seconds[minute]);
        return (runs, seconds);
    }

    public int At(DateTimeOffset minute) => (int)Math.Floor((minute - From).TotalMinutes) is >= 0 and < Minutes and var index ? Runs[index] : 0;
}

/// <summary>
/// Makes forecasts when somebody wants to see one, in the background, and keeps the last for a while. Jobs with the same schedule are counted together, so
/// that the work depends on how many schedules there are, and how often they fire, rather than on how many jobs.
/// </summary>
internal sealed partial class Forecaster(StoredJobs jobs, ExecutionHistory history, TimeProvider time, IHostApplicationLifetime lifetime, ILogger<Forecaster> logger)
{
    /// <summary>A job that was changed since is counted as it was for at most so long.</summary>
    public static readonly TimeSpan Fresh = TimeSpan.FromMinutes(5);

    /// <summary>After so long without a look nothing is kept.</summary>
    private static readonly TimeSpan ForgottenAfter = TimeSpan.FromMinutes(30);

    /// <summary>Most fire times that are counted: some ten seconds of work.</summary>
    private const int MostFires = 10_000_000;

    private const int MostExecutions = 10_000;
    private const int ShownMinutes = 12;
    private const int ShownTitles = 4;

    private const int MostScopes = 20;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Kept> _kept = new(StringComparer.Ordinal);

    /// <summary>The last forecast, which may be some minutes old; null while the first is being made. Sets a new one going where it is due.</summary>
    public Forecast? Look(NamespaceScope scope)
    {
        lock (_lock)
        {
            var name = scope.ToString();
            if (!_kept.TryGetValue(name, out var kept))
            {
                if (_kept.Count >= MostScopes)
                    _kept.Clear();
                _kept[name] = kept = new Kept(time.CreateTimer(_ => Forget(name), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
            }

            kept.Forget.Change(ForgottenAfter, Timeout.InfiniteTimeSpan);
            if (kept.Making is null && (kept.Last is null || time.GetUtcNow() - kept.Last.MadeAt > Fresh))
                kept.Making = Task.Run(() => RemakeAsync(kept, scope, lifetime.ApplicationStopping));
            return kept.Last;
        }
    }

    /// <summary>A forecast from now on.</summary>
    public async Task<Forecast> MakeAsync(NamespaceScope scope, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var from = now.AddTicks(-(now.UtcTicks % TimeSpan.TicksPerMinute));
        var durations = await DurationsAsync(scope, cancellationToken);
        var assumed = durations.Count == 0 ? 1 : durations.Values.Order().ElementAt(durations.Count / 2);
        var groups = new Dictionary<Timing, Group>();
        var (active, timed) = (0, 0);
        await foreach (var job in jobs.AllAsync(cancellationToken))
        {
            if (!job.Spec.Enabled || job.DeletedAt is not null || !scope.Allows(job.Spec.InNamespace))
                continue;

            active++;
            var known = durations.TryGetValue(job.JobId, out var seconds);
            timed += known ? 1 : 0;
            var timing = Timing.Of(job);
            if (!groups.TryGetValue(timing, out var group))
                groups[timing] = group = new Group();
            group.Add(known ? seconds : assumed, StoredJobs.TitleOf(job));
        }

        var (runs, load, left) = Count(groups, from, cancellationToken);
        return new Forecast(from, runs, load, active, left, timed, assumed, Crowded(groups, from, runs), now);
    }

    private async Task RemakeAsync(Kept kept, NamespaceScope scope, CancellationToken cancellationToken)
    {
        Forecast? made = null;
        try
        {
            made = await MakeAsync(scope, cancellationToken);
        }
        catch (Exception e) when (e is OperationCanceledException || Problems.Outage.Of(e) is not null)
        {
            NotMade(logger, e.Message); // whoever looks next sets it going again
        }
        finally
        {
            lock (_lock)
                (kept.Last, kept.Making) = (made ?? kept.Last, null);
        }
    }

    private void Forget(string name)
    {
        lock (_lock)
        {
            if (_kept.Remove(name, out var kept))
                kept.Forget.Dispose();
        }
    }

    private async Task<Dictionary<JobId, double>> DurationsAsync(NamespaceScope scope, CancellationToken cancellationToken)
    {
        // Of some namespaces, executions are picked out of all: those of a week are enough to look through.
        DateTimeOffset? from = scope.IsAll ? null : time.GetUtcNow().AddDays(-7);
        var sums = new Dictionary<JobId, (double Seconds, int Count)>();
        string? cursor = null;
        for (var read = 0; read < MostExecutions;)
        {
            var page = await history.PageAsync(new GetJobExecutions(null, From: from, Limit: 500, Cursor: cursor, Namespaces: scope.Names), cancellationToken);
            foreach (var execution in page.Executions)
            {
                if (execution is { StartedAt: { } start, FinishedAt: { } end })
                {
                    var sum = sums.GetValueOrDefault(execution.JobId);
                    sums[execution.JobId] = (sum.Seconds + (end - start).TotalSeconds, sum.Count + 1);
                }
            }

            read += page.Executions.Count;
            if ((cursor = page.Next) is null)
                break;
        }

        return sums.ToDictionary(pair => pair.Key, pair => pair.Value.Seconds / pair.Value.Count);
    }

    private static (int[] Runs, double[] Seconds, int JobsLeftOut) Count(Dictionary<Timing, Group> groups, DateTimeOffset from, CancellationToken cancellationToken)
    {
        var (runs, seconds, left, fires) = (new int[Forecast.Minutes], new double[Forecast.Minutes], 0, 0);
        var to = from.AddMinutes(Forecast.Minutes).AddTicks(-1);
        // Schedules that many jobs share come first: should there be too much to count, the least is left out.
        foreach (var (timing, group) in groups.OrderByDescending(pair => pair.Value.Jobs))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (fires >= MostFires || timing.FireTimes() is not { } times)
            {
                left += group.Jobs;
                continue;
            }

            foreach (var instant in times.Between(from.AddTicks(-1), to))
            {
                var minute = (int)((instant.UtcTicks - from.UtcTicks) / TimeSpan.TicksPerMinute);
                runs[minute] += group.Jobs;
                seconds[minute] += group.Seconds;
                fires++;
            }
        }

        return (runs, seconds, left);
    }

    private static List<CrowdedMinute> Crowded(Dictionary<Timing, Group> groups, DateTimeOffset from, int[] runs)
    {
        var fullest = Enumerable.Range(0, runs.Length).Where(minute => runs[minute] > 1).OrderByDescending(minute => runs[minute]).ThenBy(minute => minute).Take(ShownMinutes).Order().ToList();
        var titles = fullest.ToDictionary(minute => minute, _ => new List<string>());
        foreach (var (timing, group) in groups.OrderByDescending(pair => pair.Value.Jobs).Take(1000))
        {
            if (timing.FireTimes() is not { } times)
                continue;

            foreach (var minute in fullest.Where(minute => titles[minute].Count < ShownTitles))
            {
                var start = from.AddMinutes(minute);
                if (times.NextAfter(start.AddTicks(-1)) < start.AddMinutes(1))
                    titles[minute].AddRange(group.Titles.Take(ShownTitles - titles[minute].Count));
            }
        }

        return fullest.ConvertAll(minute => new CrowdedMinute(from.AddMinutes(minute), runs[minute], titles[minute]));
    }

    [LoggerMessage(LogLevel.Information, "The calendar could not be made: {Reason}")]
    private static partial void NotMade(ILogger logger, string reason);

    /// <summary>What decides when a job fires.</summary>
    private readonly record struct Timing(string Time, string Timezone, DateTimeOffset? StartsAt, DateTimeOffset? EndsAt, DstGap Gap, DstOverlap Overlap, string? Seed)
    {
        public static Timing Of(JobDocument job) => new(
            job.Spec.Time, job.Spec.Timezone, job.Spec.StartsAt, job.Spec.EndsAt, job.Spec.DstGap, job.Spec.DstOverlap,
            job.Spec.Time.Contains('H', StringComparison.OrdinalIgnoreCase) ? job.JobId.Value : null);

        /// <returns>Null where this machine lacks the zone.</returns>
        public FireTimes? FireTimes() =>
            CronSchedule.TryParse(Time, Seed ?? "", out var schedule, out _) && TimezoneName.TryFind(Timezone, out var zone, out _)
                ? new FireTimes(schedule, zone, StartsAt, EndsAt, Gap, Overlap)
                : null;
    }

    /// <summary>The forecast of one set of namespaces.</summary>
    private sealed class Kept(ITimer forget)
    {
        public ITimer Forget { get; } = forget;

        public Forecast? Last { get; set; }

        public Task? Making { get; set; }
    }

    private sealed class Group
    {
        public int Jobs { get; private set; }

        public double Seconds { get; private set; }

        public List<string> Titles { get; } = new(1);

        public void Add(double seconds, string title)
        {
            Jobs++;
            Seconds += seconds;
            if (Titles.Count < ShownTitles)
                Titles.Add(title);
        }
    }
}
