using System.Globalization;
using Dcron.Api.Json;
using Dcron.Grains.Executions;

namespace Dcron.Api.Console;

/// <summary>How values stand in a page.</summary>
public static class Shown
{
    public static string Word(ExecutionResult result) => Words.Of(result);

    /// <summary>As short as the day allows: the date stands there unless it is today.</summary>
    public static string Time(DateTimeOffset time, Viewer viewer)
    {
        var local = TimeZoneInfo.ConvertTime(time, viewer.Zone);
        var format = local.Date == TimeZoneInfo.ConvertTime(viewer.Now, viewer.Zone).Date ? "HH:mm:ss" : "yyyy-MM-dd HH:mm:ss";
        return local.ToString(format, CultureInfo.InvariantCulture);
    }

    /// <summary>Date, time and offset: what no two instants share.</summary>
    public static string Full(DateTimeOffset time, TimeZoneInfo zone) =>
        TimeZoneInfo.ConvertTime(time, zone).ToString("ddd yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + " " + Offset(TimeZoneInfo.ConvertTime(time, zone).Offset);

    public static string Offset(TimeSpan offset) => offset == TimeSpan.Zero ? "UTC" : string.Create(CultureInfo.InvariantCulture,
        $"UTC{(offset < TimeSpan.Zero ? '−' : '+')}{Math.Abs(offset.Hours):D2}:{Math.Abs(offset.Minutes):D2}");

    public static string Age(DateTimeOffset time, DateTimeOffset now)
    {
        var age = now - time;
        return Math.Abs(age.TotalSeconds) < 1 ? "now" : age > TimeSpan.Zero ? $"{Span(age)} ago" : $"in {Span(-age)}";
    }

    /// <summary>How long something took or takes, as far as people care.</summary>
    public static string Span(TimeSpan span) => span switch
    {
        { TotalMilliseconds: < 1000 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMilliseconds:F0} ms"),
        { TotalSeconds: < 10 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:F1} s"),
        { TotalMinutes: < 2 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:F0} s"),
        { TotalHours: < 2 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMinutes:F0} min"),
        { TotalDays: < 2 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalHours:F0} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{span.TotalDays:F0} days"),
    };

    public static string? Took(ExecutionDocument execution) =>
        execution.StartedAt is { } start && execution.FinishedAt is { } end ? Span(end - start) : null;

    public static string Bytes(long bytes) => bytes switch
    {
        < 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:F1} KiB"),
        < 1024 * 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0 / 1024:F1} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0 / 1024 / 1024:F2} GiB"),
    };

    public static string Count(long count) => count.ToString("#,##0", CultureInfo.InvariantCulture);

    public static string Percent(double share) => share is > 0.999 and < 1 ? "99.9 %" : string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.#} %");

    /// <summary>A number in a drawing.</summary>
    public static string At(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    public static string LinkTo(ExecutionId execution) => $"/executions/{Uri.EscapeDataString(execution.ToString())}";
}
