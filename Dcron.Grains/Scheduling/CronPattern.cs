using System.Numerics;

namespace Dcron.Grains.Scheduling;

/// <summary>The shape of a set of values, however it was written: <c>*/15</c> and <c>0,15,30,45</c> are the same cycle.</summary>
internal abstract record CronPattern(IReadOnlyList<int> Values)
{
    /// <summary>Every value of the field.</summary>
    public sealed record Every(IReadOnlyList<int> Values) : CronPattern(Values);

    public sealed record Single(int Value) : CronPattern([Value]);

    /// <summary>Evenly spaced, also from the last value to the first one of the next round.</summary>
    public sealed record Cycle(IReadOnlyList<int> Values, int Step) : CronPattern(Values);

    /// <summary>Three or more without a hole. High is below low where it goes over the end of the field.</summary>
    public sealed record Run(IReadOnlyList<int> Values, int Low, int High) : CronPattern(Values);

    /// <summary>Four or more evenly spaced ones that are no cycle.</summary>
    public sealed record Stepped(IReadOnlyList<int> Values, int Step) : CronPattern(Values);

    public sealed record Some(IReadOnlyList<int> Values) : CronPattern(Values);

    public int First => Values[0];

    public int Last => Values[^1];

    /// <param name="bits">The set, not empty.</param>
    /// <param name="all">All values of the field.</param>
    /// <param name="wraps">Whether a run may go over the end of the field.</param>
    public static CronPattern Of(ulong bits, ulong all, bool wraps)
    {
        var values = Enumerable.Range(0, 64).Where(value => (bits >> value & 1) != 0).ToArray();
        if (values.Length == 1)
        {
            return new Single(values[0]);
        }

        if (bits == all)
        {
            return new Every(values);
        }

        if (values.Length >= 3 && IsSpaced(values, 1))
        {
            return new Run(values, values[0], values[^1]);
        }

        var (size, step) = (BitOperations.PopCount(all), values[1] - values[0]);
        if (IsSpaced(values, step) && step > 1)
        {
            if (values[0] + size - values[^1] == step)
            {
                return new Cycle(values, step);
            }

            if (values.Length >= 4)
            {
                return new Stepped(values, step);
            }
        }

        var left = Enumerable.Range(0, 64).Where(value => ((all & ~bits) >> value & 1) != 0).ToArray();
        return wraps && values.Length >= 3 && IsSpaced(left, 1)
            ? new Run(values, left[^1] + 1, left[0] - 1)
            : new Some(values);
    }

    /// <summary>The values with three or more neighbours drawn together.</summary>
    public IEnumerable<(int Low, int High)> Stretches()
    {
        for (var i = 0; i < Values.Count; i++)
        {
            var end = i;
            while (end + 1 < Values.Count && Values[end + 1] == Values[end] + 1)
            {
                end++;
            }

            if (end - i >= 2)
            {
                yield return (Values[i], Values[end]);
                i = end;
            }
            else
            {
                yield return (Values[i], Values[i]);
            }
        }
    }

    private static bool IsSpaced(int[] values, int step)
    {
        for (var i = 1; i < values.Length; i++)
        {
            if (values[i] - values[i - 1] != step)
            {
                return false;
            }
        }

        return true;
    }
}
