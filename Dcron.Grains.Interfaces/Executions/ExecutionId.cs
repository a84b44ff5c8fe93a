using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dcron.Grains.Jobs;

namespace Dcron.Grains.Executions;

/// <summary>
/// Names an execution by its job and its nominal fire time: <c>job@20260329T010000Z</c>. A manual run adds <c>.m</c>, a backfill <c>.b</c>, each
/// with a counter kept in the job's document; a further attempt of any of them adds <c>.a</c> and its number. The name is derived, never random, so that whoever
/// plans the same instant again names the same execution: the name is the lock.
/// </summary>
[GenerateSerializer, Immutable, Alias("dcron.execution-id")]
[JsonConverter(typeof(ExecutionIdConverter))]
public readonly record struct ExecutionId
{
    private const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";

    private ExecutionId(JobId jobId, DateTimeOffset fireTime, int manual, int backfill, int attempt) =>
        (JobId, FireTime, Manual, Backfill, Attempt) = (jobId, fireTime, manual, backfill, attempt);

    [Id(0)]
    public JobId JobId { get; }

    /// <summary>The nominal fire time in UTC, whole seconds.</summary>
    [Id(1)]
    public DateTimeOffset FireTime { get; }

    /// <summary>Which manual run of the job; 0 for a scheduled one.</summary>
    [Id(2)]
    public int Manual { get; }

    /// <summary>1 for the first attempt.</summary>
    [Id(3)]
    public int Attempt { get; }

    /// <summary>Which backfill of the job it belongs to; 0 for none.</summary>
    [Id(4)]
    public int Backfill { get; }

    /// <summary>True for what the schedule asked for, further attempts included; false for a manual run or a backfill.</summary>
    public bool IsScheduled => Manual == 0 && Backfill == 0;

    /// <summary>The attempt after this one.</summary>
    public ExecutionId NextAttempt() => new(JobId, FireTime, Manual, Backfill, Attempt + 1);

    public static ExecutionId Scheduled(JobId jobId, DateTimeOffset fireTime) => new(jobId, WholeSeconds(fireTime), 0, 0, 1);

    /// <param name="jobId">The job.</param>
    /// <param name="fireTime">The fire time that is made up for.</param>
    /// <param name="number">The job's count of backfills, from 1.</param>
    public static ExecutionId Backfilled(JobId jobId, DateTimeOffset fireTime, int number) =>
        new(jobId, WholeSeconds(fireTime), 0, number >= 1 ? number : throw new ArgumentOutOfRangeException(nameof(number)), 1);

    /// <param name="jobId">The job.</param>
    /// <param name="requestedAt">When the run was asked for; cut to whole seconds.</param>
    /// <param name="counter">The job's count of manual runs, from 1.</param>
    public static ExecutionId ManualRun(JobId jobId, DateTimeOffset requestedAt, int counter) =>
        new(jobId, WholeSeconds(requestedAt), counter >= 1 ? counter : throw new ArgumentOutOfRangeException(nameof(counter)), 0, 1);

    public static bool TryParse([NotNullWhen(true)] string? text, out ExecutionId id)
    {
        id = default;
        if (text is null || text.Length > 120)
        {
            return false;
        }

        var at = text.IndexOf('@', StringComparison.Ordinal);
        if (at < 1 || !JobId.TryParse(text[..at], out var jobId))
        {
            return false;
        }

        var parts = text[(at + 1)..].Split('.');
        if (!DateTimeOffset.TryParseExact(parts[0], TimeFormat, CultureInfo.InvariantCulture,
                DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var fireTime))
        {
            return false;
        }

        var (manual, backfill, attempt) = (0, 0, 1);
        foreach (var part in parts[1..])
        {
            if (part.Length < 2 || !int.TryParse(part.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < 1)
            {
                return false;
            }

            switch (part[0])
            {
                case 'm' when manual == 0 && backfill == 0 && attempt == 1:
                    manual = number;
                    break;
                case 'b' when manual == 0 && backfill == 0 && attempt == 1:
                    backfill = number;
                    break;
                case 'a' when attempt == 1 && number > 1:
                    attempt = number;
                    break;
                default:
                    return false;
            }
        }

        id = new ExecutionId(jobId, fireTime, manual, backfill, attempt);
        return id.ToString() == text; // one name, one spelling: leading zeros would make a second name for the same lock
    }

    /// <exception cref="FormatException">Not an execution id.</exception>
    public static ExecutionId Parse(string text) => TryParse(text, out var id) ? id : throw new FormatException($"'{text}' is not an execution id");

    public override string ToString() =>
        string.Concat(JobId.Value, "@", TimeText())
        + (Manual > 0 ? string.Create(CultureInfo.InvariantCulture, $".m{Manual}") : "")
        + (Backfill > 0 ? string.Create(CultureInfo.InvariantCulture, $".b{Backfill}") : "")
        + (Attempt > 1 ? string.Create(CultureInfo.InvariantCulture, $".a{Attempt}") : "");

    // A launch is named a dozen times on its way: the digits of the round-trip format without what stands between them, which is far quicker than a format of one's own.
    private string TimeText() => string.Create(16, FireTime.UtcDateTime, static (text, time) =>
    {
        Span<char> iso = stackalloc char[28];
        time.TryFormat(iso, out _, "O", CultureInfo.InvariantCulture);
        iso[..4].CopyTo(text);
        iso[5..7].CopyTo(text[4..]);
        iso[8..13].CopyTo(text[6..]);
        iso[14..16].CopyTo(text[11..]);
        iso[17..19].CopyTo(text[13..]);
        text[15] = 'Z';
    });

    private static DateTimeOffset WholeSeconds(DateTimeOffset time)
    {
        var utc = time.ToUniversalTime();
        return utc.AddTicks(-(utc.Ticks % TimeSpan.TicksPerSecond));
    }
}

internal sealed class ExecutionIdConverter : JsonConverter<ExecutionId>
{
    public override ExecutionId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        ExecutionId.TryParse(reader.GetString(), out var id) ? id : throw new JsonException("not an execution id");

    public override void Write(Utf8JsonWriter writer, ExecutionId value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
