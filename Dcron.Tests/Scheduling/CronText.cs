using Cronos;
using CsCheck;
using Dcron.Grains.Scheduling;

namespace Dcron.Tests.Scheduling;

/// <summary>Generated expressions of the whole grammar, except H.</summary>
internal static class CronText
{
    private static readonly string[] Months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    private static readonly string[] Weekdays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

    /// <summary>Any expression that Cronos reads; some never fire.</summary>
    public static readonly Gen<string> Any = Gen.Select(
        Gen.OneOf(Gen.Const(""), Gen.Const("0 "), Plain(0, 59).Select(second => second + " ")),
        Plain(0, 59), Plain(0, 23), DayOfMonth(), Gen.OneOf(Gen.Const("*"), Plain(1, 12), Gen.OneOfConst(Months)), DayOfWeek(),
        (second, minute, hour, day, month, weekday) => $"{second}{minute} {hour} {day} {month} {weekday}");

    /// <summary>Expressions of lists, ranges and steps that fire often enough to be walked through minute by minute.</summary>
    public static readonly Gen<string> Walkable = Gen.Select(
        Plain(0, 59), Plain(0, 23), Gen.Frequency((3, Gen.Const("*")), (1, Plain(1, 31))), Gen.Const("*"), Gen.Frequency((3, Gen.Const("*")), (1, Plain(0, 6))),
        (minute, hour, day, month, weekday) => $"{minute} {hour} {day} {month} {weekday}");

    /// <summary>Any expression that fires, parsed.</summary>
    public static readonly Gen<CronSchedule> Schedule = Any
        .Select(text => CronSchedule.TryParse(text, "seed", out var schedule, out _) ? schedule : null)
        .Where(schedule => schedule is not null)
        .Select(schedule => schedule!);

    public static CronSchedule Parse(string text, string seed = "seed") =>
        CronSchedule.TryParse(text, seed, out var schedule, out var error) ? schedule : throw new FormatException($"{text}: {error}");

    /// <summary>What Cronos itself makes of an expression; null when it refuses it.</summary>
    public static CronExpression? Cronos(string text)
    {
        try
        {
            var fields = text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Length;
            return CronExpression.Parse(text, fields == 6 ? CronFormat.IncludeSeconds : CronFormat.Standard);
        }
        catch (CronFormatException)
        {
            return null;
        }
    }

    private static Gen<string> Plain(int first, int last)
    {
        var value = Gen.Int[first, last];
        var step = Gen.Int[1, last];
        var item = Gen.OneOf(
            value.Select(v => $"{v}"),
            Gen.Select(value, value, (a, b) => $"{a}-{b}"),
            Gen.Select(value, value, step, (a, b, s) => $"{a}-{b}/{s}"),
            Gen.Select(value, step, (a, s) => $"{a}/{s}"));
        return Gen.Frequency(
            (3, Gen.Const("*")),
            (3, value.Select(v => $"{v}")),
            (2, step.Select(s => $"*/{s}")),
            (3, item.Array[1, 4].Select(items => string.Join(',', items))));
    }

    private static Gen<string> DayOfMonth() => Gen.Frequency(
        (4, Gen.Const("*")),
        (4, Plain(1, 31)),
        (1, Gen.OneOfConst("L", "LW", "?")),
        (1, Gen.Int[1, 30].Select(days => $"L-{days}")),
        (1, Gen.Int[1, 30].Select(days => $"L-{days}W")),
        (1, Gen.Int[1, 31].Select(day => $"{day}W")));

    private static Gen<string> DayOfWeek() => Gen.Frequency(
        (4, Gen.OneOfConst("*", "?")),
        (3, Plain(0, 6)),
        (1, Gen.Select(Gen.OneOfConst(Weekdays), Gen.OneOfConst(Weekdays), (from, to) => $"{from}-{to}")),
        (1, Gen.Int[0, 7].Select(day => $"{day}L")),
        (1, Gen.OneOfConst(Weekdays).Select(day => $"{day}L")),
        (1, Gen.Select(Gen.Int[0, 7], Gen.Int[1, 5], (day, nth) => $"{day}#{nth}")));
}
