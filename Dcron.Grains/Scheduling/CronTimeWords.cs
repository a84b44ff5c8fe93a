using System.Diagnostics;
using static Dcron.Grains.Scheduling.Wording;

namespace Dcron.Grains.Scheduling;

/// <summary>The time of day of a schedule in words.</summary>
internal sealed class CronTimeWords
{
    private const int MostTimes = 6;
    private const int MostHours = 12;

    private readonly CronPattern _second;
    private readonly CronPattern _minute;
    private readonly CronPattern _hour;

    public CronTimeWords(CronSchedule schedule)
    {
        _second = CronPattern.Of(schedule.Second, CronField.Second.AllBits, wraps: false);
        _minute = CronPattern.Of(schedule.Minute, CronField.Minute.AllBits, wraps: false);
        _hour = CronPattern.Of(schedule.Hour, CronField.Hour.AllBits, wraps: true);
    }

    /// <summary>The words, and whether they are times of the clock only, so that 'every day' may follow.</summary>
    public (string Text, bool IsClock) Say()
    {
        if (_second is not CronPattern.Single { Value: var second })
        {
            return (WithinMinutes(), _second is CronPattern.Some && _second.Values.Count <= MostTimes && _minute is CronPattern.Single && _hour is CronPattern.Single);
        }

        if (ClockTimes(second) is { } times)
        {
            return ("At " + Join(times), true);
        }

        return ((_hour, _minute) switch
        {
            (CronPattern.Every, CronPattern.Single minute) => EveryHour(minute.Value, second),
            (CronPattern.Cycle hours, CronPattern.Single { Value: 0 }) when hours.First == 0 && second == 0 => $"Every {Number(hours.Step)} hours",
            (CronPattern.Cycle hours, CronPattern.Single minute) => Hours(hours.Step, hours.First, hours.Last, minute.Value, second),
            (CronPattern.Stepped hours, CronPattern.Single minute) => Hours(hours.Step, hours.First, hours.Last, minute.Value, second),
            (CronPattern.Run hours, CronPattern.Single minute) => Hours(1, hours.Low, hours.High, minute.Value, second),
            (CronPattern.Single hour, _) => WithinHour(hour.Value, second),
            _ => Minutes(second) + HoursWindow(IsPlain(_minute) && second == 0),
        }, false);
    }

    private List<string>? ClockTimes(int second)
    {
        var count = _minute.Values.Count * _hour.Values.Count;
        var listed = _minute is CronPattern.Single or CronPattern.Some or CronPattern.Cycle { Values.Count: 2 }
            && (_hour is CronPattern.Single or CronPattern.Some
                || (_hour is CronPattern.Cycle hours && (hours.Values.Count == 2 || hours.First != 0 || _minute is not CronPattern.Single { Value: 0 } || second != 0)));
        return listed && (count <= MostTimes || (_minute is CronPattern.Single && _hour is CronPattern.Some && count <= MostHours))
            ? [.. _hour.Values.SelectMany(hour => _minute.Values.Select(minute => Clock(hour, minute, second)))]
            : null;
    }

    private static string EveryHour(int minute, int second) => (minute, second) switch
    {
        (0, 0) => "Every hour",
        (_, 0) => $"At {Count(minute, "minute")} past every hour",
        (0, _) => $"At {Count(second, "second")} past every hour",
        _ => $"At {Count(minute, "minute")} and {Count(second, "second")} past every hour",
    };

    private static string Hours(int step, int low, int high, int minute, int second) =>
        $"{(step == 1 ? "Every hour" : $"Every {Number(step)} hours")} from {Clock(low, minute, second)} to {Clock(high, minute, second)}";

    private string WithinHour(int hour, int second)
    {
        string Span(string what, int step) =>
            $"Every {(step == 1 ? what : $"{Number(step)} {what}s")} from {Clock(hour, _minute.First, second)} to {Clock(hour, _minute.Last, second)}";

        return _minute switch
        {
            CronPattern.Every or CronPattern.Cycle { Values: [0, ..] } when second == 0 => Minutes(second) + HoursWindow(true),
            CronPattern.Every or CronPattern.Run => Span("minute", 1),
            CronPattern.Cycle minutes => Span("minute", minutes.Step),
            CronPattern.Stepped minutes => Span("minute", minutes.Step),
            _ => Minutes(second) + HoursWindow(false),
        };
    }

    /// <summary>Minutes of any hour, with a fixed second.</summary>
    private string Minutes(int second)
    {
        var hours = _hour is CronPattern.Every ? "every hour" : "the hour";
        var at = second == 0 ? "" : $" at {Count(second, "second")} past the minute";
        return _minute switch
        {
            CronPattern.Every => second == 0 ? "Every minute" : $"At {Count(second, "second")} past every minute",
            CronPattern.Cycle minutes when minutes.First == 0 => $"Every {Number(minutes.Step)} minutes{at}",
            CronPattern.Cycle minutes => $"Every {Number(minutes.Step)} minutes from minute {Number(minutes.First)} of {hours}{at}",
            CronPattern.Run minutes => $"Every minute from minute {Number(minutes.Low)} to {Number(minutes.High)} of {hours}{at}",
            CronPattern.Stepped minutes => $"Every {Number(minutes.Step)} minutes from minute {Number(minutes.First)} to {Number(minutes.Last)} of {hours}{at}",
            CronPattern.Single minute when second == 0 => $"At {Count(minute.Value, "minute")} past {hours}",
            CronPattern.Single minute => $"At {Count(minute.Value, "minute")} and {Count(second, "second")} past {hours}",
            _ when second == 0 => $"At {Numbers(_minute)} minutes past {hours}",
            _ => $"At {Count(second, "second")} past minutes {Numbers(_minute)} of {hours}",
        };
    }

    private string WithinMinutes()
    {
        var seconds = _second switch
        {
            CronPattern.Every => "Every second",
            CronPattern.Cycle cycle when cycle.First == 0 => $"Every {Number(cycle.Step)} seconds",
            CronPattern.Cycle cycle => $"Every {Number(cycle.Step)} seconds from second {Number(cycle.First)} of the minute",
            CronPattern.Run run => $"Every second from second {Number(run.Low)} to {Number(run.High)} of the minute",
            CronPattern.Stepped stepped => $"Every {Number(stepped.Step)} seconds from second {Number(stepped.First)} to {Number(stepped.Last)} of the minute",
            _ => $"At {Numbers(_second)} seconds past {(_minute is CronPattern.Every ? "every" : "the")} minute",
        };

        if (_minute is CronPattern.Every)
        {
            return seconds + HoursWindow(IsPlain(_second));
        }

        if (_minute is CronPattern.Single { Value: var minute } && _hour is CronPattern.Single { Value: var hour })
        {
            return WithinOneMinute(hour, minute, seconds);
        }

        var minutes = _minute switch
        {
            CronPattern.Single single => $"during minute {Number(single.Value)}",
            CronPattern.Run run => $"during minutes {Number(run.Low)} to {Number(run.High)}",
            CronPattern.Cycle { Values.Count: > 2 } cycle => $"in every {Ordinal(cycle.Step)} minute from {Number(cycle.First)} to {Number(cycle.Last)}",
            CronPattern.Stepped stepped => $"in every {Ordinal(stepped.Step)} minute from {Number(stepped.First)} to {Number(stepped.Last)}",
            _ => $"during minutes {Numbers(_minute)}",
        };
        return $"{seconds}, {minutes} of {(_hour is CronPattern.Every ? "every hour" : "the hour" + HoursWindow(false))}";
    }

    private string WithinOneMinute(int hour, int minute, string seconds)
    {
        string Span(int step) =>
            $"Every {(step == 1 ? "second" : $"{Number(step)} seconds")} from {LongClock(hour, minute, _second.First)} to {LongClock(hour, minute, _second.Last)}";

        return _second switch
        {
            CronPattern.Run => Span(1),
            CronPattern.Stepped stepped => Span(stepped.Step),
            CronPattern.Cycle cycle when cycle.First != 0 => Span(cycle.Step),
            CronPattern.Every or CronPattern.Cycle => $"{seconds} between {LongClock(hour, minute, 0)} and {LongClock(hour, minute, 59)}",
            _ when _second.Values.Count <= MostTimes => "At " + Join(_second.Values.Select(second => LongClock(hour, minute, second))),
            _ => $"At {Numbers(_second)} seconds past {Clock(hour, minute)}",
        };
    }

    /// <param name="joined">Whether the words before may go on without a comma.</param>
    private string HoursWindow(bool joined)
    {
        string Between(int low, int high) => $"{(joined ? "" : ",")} between {Clock(low, 0)} and {Clock(high, 59)}";

        return _hour switch
        {
            CronPattern.Every => "",
            CronPattern.Single hour => Between(hour.Value, hour.Value),
            CronPattern.Run hours => Between(hours.Low, hours.High),
            CronPattern.Cycle { Values.Count: > 2 } hours => EveryNthHour(hours.Step),
            CronPattern.Stepped hours => EveryNthHour(hours.Step),
            CronPattern.Some or CronPattern.Cycle =>
                ", in the hours " + Join(_hour.Stretches().Select(stretch => $"{Clock(stretch.Low, 0)} to {Clock(stretch.High, 59)}")),
            _ => throw new UnreachableException($"{_hour}"),
        };
    }

    private string EveryNthHour(int step) => $", in every {Ordinal(step)} hour from {Clock(_hour.First, 0)} to {Clock(_hour.Last, 59)}";

    private static bool IsPlain(CronPattern pattern) => pattern is CronPattern.Every or CronPattern.Cycle { Values: [0, ..] };

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{Number(count)} {what}s";
}
