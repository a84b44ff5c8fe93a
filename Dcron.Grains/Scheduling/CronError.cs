using System.Globalization;

namespace Dcron.Grains.Scheduling;

/// <summary>Why a cron expression was refused, and what would be right.</summary>
/// <param name="Field">Position of the field, from 1; null when the expression as a whole is wrong.</param>
/// <param name="FieldName"><c>second</c>, <c>minute</c>, <c>hour</c>, <c>day of month</c>, <c>month</c> or <c>day of week</c>; null with <paramref name="Field"/>.</param>
/// <param name="Reason">A clause that says what is wrong and what is allowed.</param>
/// <param name="Example">A whole expression that is right, near to what was meant where that can be told.</param>
public sealed record CronError(int? Field, string? FieldName, string Reason, string Example)
{
    private static readonly string[] Ordinals = ["1st", "2nd", "3rd", "4th", "5th", "6th"];

    /// <summary>All of it as one sentence.</summary>
    public string Message => Field is { } position
        ? string.Create(CultureInfo.InvariantCulture, $"the {Ordinals[position - 1]} field ({FieldName}) {Reason}; for example '{Example}'")
        : $"{Reason}; for example '{Example}'";

    public override string ToString() => Message;
}
