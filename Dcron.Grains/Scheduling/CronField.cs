namespace Dcron.Grains.Scheduling;

/// <summary>One of the six fields: its name, its range and the words that stand for its numbers.</summary>
internal sealed record CronField(string Name, int First, int Last, string[] Names)
{
    public static readonly CronField Second = new("second", 0, 59, []);
    public static readonly CronField Minute = new("minute", 0, 59, []);
    public static readonly CronField Hour = new("hour", 0, 23, []);
    public static readonly CronField DayOfMonth = new("day of month", 1, 31, []);
    public static readonly CronField Month =
        new("month", 1, 12, ["", "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]);

    /// <summary>7 is read as 0, so that the sets of this field have bits 0 to 6 only.</summary>
    public static readonly CronField DayOfWeek = new("day of week", 0, 7, ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]);

    public static readonly IReadOnlyList<CronField> All = [Second, Minute, Hour, DayOfMonth, Month, DayOfWeek];

    /// <summary>Fields of the time of day; a range or step there makes an expression fire through a repeated hour.</summary>
    public bool IsTimeOfDay => ReferenceEquals(this, Second) || ReferenceEquals(this, Minute) || ReferenceEquals(this, Hour);

    public bool IsDay => ReferenceEquals(this, DayOfMonth) || ReferenceEquals(this, DayOfWeek);

    /// <summary>Every value of the field.</summary>
    public ulong AllBits { get; } = Bits(First, Name == "day of week" ? Last - 1 : Last, 1);

    /// <summary>The values from low to high by step, as bits; wraps around the end when high is below low.</summary>
    public ulong Range(int low, int high, int step)
    {
        if (high >= low)
        {
            return Fold(Bits(low, high, step));
        }

        var size = (ReferenceEquals(this, DayOfWeek) ? Last - 1 : Last) - First + 1;
        var bits = 0UL;
        for (var value = low; value <= high + size; value += step)
        {
            bits |= 1UL << (First + ((value - First) % size));
        }

        return bits;
    }

    private ulong Fold(ulong bits) => ReferenceEquals(this, DayOfWeek) && (bits & (1UL << 7)) != 0 ? (bits & ~(1UL << 7)) | 1UL : bits;

    private static ulong Bits(int low, int high, int step)
    {
        var bits = 0UL;
        for (var value = low; value <= high; value += step)
        {
            bits |= 1UL << value;
        }

        return bits;
    }
}
