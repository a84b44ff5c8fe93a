using Dcron.Api.Access;
using Dcron.Grains.Executions;
using Dcron.Grains.History;

namespace Dcron.Api.Console.Reading;

/// <summary>What ended how in one hour.</summary>
/// <param name="From">Its first instant.</param>
/// <param name="Succeeded">How many ended well.</param>
/// <param name="Unsuccessful">How many failed, timed out, were lost or missed.</param>
/// <param name="Other">How many were skipped or cancelled, or are not over.</param>
public sealed record HourOfDay(DateTimeOffset From, int Succeeded, int Unsuccessful, int Other);

/// <summary>The last 24 hours.</summary>
/// <param name="Hours">Oldest first, the present one last.</param>
/// <param name="IsWhole">False where there was more than is counted: the oldest hours are then too low.</param>
public sealed record LastDay(IReadOnlyList<HourOfDay> Hours, bool IsWhole)
{
    public int Succeeded => Hours.Sum(hour => hour.Succeeded);

    public int Unsuccessful => Hours.Sum(hour => hour.Unsuccessful);

    public int Other => Hours.Sum(hour => hour.Other);
}

/// <summary>Counts the last 24 hours by the index, at most once in a few seconds however many look: for all, and for each set of namespaces that somebody is limited to.</summary>
internal sealed class DayCounter(ExecutionHistory history, JobOwners owners, TimeProvider time) : IDisposable
{
    public const int Hours = 24;

    /// <summary>As much as can be counted in a blink.</summary>
    private const int MostCounted = 100_000;

    private const int MostScopes = 50;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(4);

    /// <summary>An hour that is over for so long changes no more, but for the rare straggler.</summary>
    private static readonly TimeSpan SettledAfter = TimeSpan.FromHours(2);

    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly Dictionary<string, Counted> _counted = new(StringComparer.Ordinal);

    public void Dispose() => _one.Dispose();

    public async ValueTask<LastDay> CountAsync(NamespaceScope scope, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            var now = time.GetUtcNow();
            var last = _counted.GetValueOrDefault(scope.ToString());
            if (last is not null && now - last.At < Fresh)
                return last.Day;

            var hour = new DateTimeOffset(now.Year, now.Month, now.Day, now.Hour, 0, 0, TimeSpan.Zero);
            var first = hour.AddHours(1 - Hours);
            var settled = last is not null && now - last.WholeAt < TimeSpan.FromMinutes(5)
                ? last.Day.Hours.Where(old => old.From >= first && old.From < hour - SettledAfter).ToDictionary(old => old.From)
                : [];
            var from = Enumerable.Range(0, Hours).Select(i => first.AddHours(i)).First(start => !settled.ContainsKey(start));
            var (counts, whole) = await CountAsync(from, hour.AddHours(1), scope, cancellationToken);
            var day = new LastDay(
                [.. Enumerable.Range(0, Hours).Select(i => first.AddHours(i)).Select(start => settled.GetValueOrDefault(start) ?? counts.GetValueOrDefault(start) ?? new HourOfDay(start, 0, 0, 0))],
                whole && (settled.Count == 0 || last!.Day.IsWhole));
            if (_counted.Count >= MostScopes)
                _counted.Clear();
            _counted[scope.ToString()] = new Counted(day, now, settled.Count == 0 ? now : last!.WholeAt);
            return day;
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<(Dictionary<DateTimeOffset, HourOfDay> Counts, bool Whole)> CountAsync(DateTimeOffset from, DateTimeOffset to, NamespaceScope scope, CancellationToken cancellationToken)
    {
        var counts = new Dictionary<DateTimeOffset, HourOfDay>();
        var seen = 0;
        var glances = history.GlancesAsync(from, to, MostCounted, cancellationToken);
        if (!scope.IsAll)
        {
            var all = await glances.ToListAsync(cancellationToken);
            var ours = await owners.AmongAsync(all.Select(glance => glance.ExecutionId.JobId), scope, cancellationToken);
            seen = all.RemoveAll(glance => !ours.Contains(glance.ExecutionId.JobId));
            glances = all.ToAsyncEnumerable();
        }

        await foreach (var glance in glances)
        {
            seen++;
            var hour = glance.FireTime.AddTicks(-(glance.FireTime.UtcTicks % TimeSpan.TicksPerHour));
            var count = counts.GetValueOrDefault(hour) ?? new HourOfDay(hour, 0, 0, 0);
            counts[hour] = glance.Result switch
            {
                ExecutionResult.Succeeded => count with { Succeeded = count.Succeeded + 1 },
                ExecutionResult.Failed or ExecutionResult.TimedOut or ExecutionResult.Lost or ExecutionResult.Missed => count with { Unsuccessful = count.Unsuccessful + 1 },
                _ => count with { Other = count.Other + 1 },
            };
        }

        return (counts, seen < MostCounted);
    }

    /// <param name="At">When it was counted.</param>
    /// <param name="WholeAt">When all of its hours were counted.</param>
    private sealed record Counted(LastDay Day, DateTimeOffset At, DateTimeOffset WholeAt);
}
