namespace Dcron.Grains.Scheduling;

/// <summary>What one field of an expression asks for, whatever way it was written.</summary>
internal abstract record CronTerm
{
    private CronTerm()
    {
    }

    /// <summary>A set of values, bit by bit.</summary>
    public sealed record Values(ulong Bits) : CronTerm;

    /// <summary><c>L</c>, <c>L-3</c>, <c>LW</c>, <c>L-3W</c></summary>
    public sealed record LastDay(int DaysBefore, bool OrWeekdayNearby) : CronTerm;

    /// <summary><c>15W</c></summary>
    public sealed record NearestWeekday(int Day) : CronTerm;

    /// <summary><c>FRIL</c></summary>
    public sealed record LastWeekday(int DayOfWeek) : CronTerm;

    /// <summary><c>FRI#2</c></summary>
    public sealed record NthWeekday(int DayOfWeek, int Nth) : CronTerm;
}

/// <summary>A parsed field.</summary>
/// <param name="Term">What it asks for.</param>
/// <param name="Text">The same for Cronos: <c>H</c> resolved, one spelling for Sunday.</param>
/// <param name="IsInterval">Written with <c>*</c>, a range or a step.</param>
/// <param name="IsHashed">Written with <c>H</c>.</param>
internal sealed record CronFieldValue(CronTerm Term, string Text, bool IsInterval, bool IsHashed);

/// <summary>A field that can't be read.</summary>
/// <param name="Reason">Continues a sentence that begins with the field.</param>
/// <param name="Instead">What the field might have been meant to be.</param>
internal sealed record CronFieldError(string Reason, string Instead);
