using System.Globalization;
using Dcron.Grains.Executions;
using Dcron.Grains.Json;
using Dcron.Grains.Scheduling;

namespace Dcron.Grains.Jobs.Planning;

/// <summary>What a job's policies must be, each by itself and with the others.</summary>
internal static class PolicyRules
{
    public const double MaxDeadlineSeconds = 30 * 24 * 3600;
    public const int MaxQueueLimit = 100;
    public const double MaxJitterSeconds = 24 * 3600;
    public const int MaxRetries = 100;
    public const double MinDelaySeconds = 1;
    public const double MaxFirstDelaySeconds = 24 * 3600;
    public const double MaxDelaySeconds = 7 * 24 * 3600;
    public const int MaxExitCodes = 50;

    // Fire times that are looked at to tell how close they come; two weeks of a job that runs on weekdays are within.
    private const int JitterSample = 30;

    public static void Check(JobSpec spec, List<SpecError> errors)
    {
        CheckWord("overlap_policy", spec.OverlapPolicy, errors);
        CheckWord("misfire_policy", spec.MisfirePolicy, errors);
        CheckWord("dst_gap", spec.DstGap, errors);
        CheckWord("dst_overlap", spec.DstOverlap, errors);
        CheckWord("stderr", spec.Stderr, errors);
        if (spec.MisfirePolicy == MisfirePolicy.RunAll && spec.OverlapPolicy is OverlapPolicy.Skip or OverlapPolicy.Replace)
        {
            errors.Add(new SpecError("misfire_policy",
                $"misfire_policy run_all contradicts overlap_policy {Word(spec.OverlapPolicy)}, by which only one of the missed fire times would run; set overlap_policy to queue (one after the other) or allow (all at once)"));
        }

        CheckNumber("starting_deadline_seconds", spec.StartingDeadlineSeconds, 1, MaxDeadlineSeconds, "30 days", "no limit", errors);
        if (spec.QueueLimit is { } limit)
        {
            if (limit is < 1 or > MaxQueueLimit)
            {
                errors.Add(new SpecError("queue_limit", string.Create(CultureInfo.InvariantCulture,
                    $"queue_limit must be 1 to {MaxQueueLimit}; leave it out for {JobSpec.DefaultQueueLimit}")));
            }
            else if (spec.OverlapPolicy != OverlapPolicy.Queue)
            {
                errors.Add(new SpecError("queue_limit", $"queue_limit has no meaning with overlap_policy {Word(spec.OverlapPolicy)}; leave it out, or set overlap_policy to queue"));
            }
        }

        if (spec.Retries is { } retries)
        {
            CheckRetries(retries, errors);
        }
    }

    /// <summary>Jitter must not carry one launch past the next.</summary>
    /// <param name="spec">The spec.</param>
    /// <param name="times">Its fire times.</param>
    /// <param name="from">Where to look at them.</param>
    /// <param name="errors">Where to tell.</param>
    public static void CheckJitter(JobSpec spec, FireTimes times, DateTimeOffset from, List<SpecError> errors)
    {
        if (spec.JitterSeconds is not { } jitter)
        {
            return;
        }

        CheckNumber("jitter_seconds", jitter, 0, MaxJitterSeconds, "1 day", "none", errors);
        var next = times.Next(JitterSample, from);
        for (var i = 1; i < next.Count && jitter <= MaxJitterSeconds; i++)
        {
            if ((next[i] - next[i - 1]).TotalSeconds is var apart && apart <= jitter)
            {
                errors.Add(new SpecError("jitter_seconds", string.Create(CultureInfo.InvariantCulture,
                    $"jitter_seconds must be less than the time between two fire times, which is {apart} s from {UtcTime.ToText(next[i - 1])} to {UtcTime.ToText(next[i])}")));
                return;
            }
        }
    }

    private static void CheckRetries(RetryPolicy retries, List<SpecError> errors)
    {
        CheckWord("retries.backoff", retries.Backoff, errors);
        if (retries.Count is < 1 or > MaxRetries)
        {
            errors.Add(new SpecError("retries.count", string.Create(CultureInfo.InvariantCulture,
                $"retries.count must be 1 to {MaxRetries}: nothing is retried for ever; leave out retries for none")));
        }

        if (!(retries.DelaySeconds >= MinDelaySeconds && retries.DelaySeconds <= MaxFirstDelaySeconds))
        {
            errors.Add(new SpecError("retries.delay_seconds", string.Create(CultureInfo.InvariantCulture,
                $"retries.delay_seconds must be {MinDelaySeconds} to {MaxFirstDelaySeconds} (1 day): without a delay, whatever made it fail is still there")));
        }
        else if (!(retries.MaxDelaySeconds >= retries.DelaySeconds && retries.MaxDelaySeconds <= MaxDelaySeconds))
        {
            errors.Add(new SpecError("retries.max_delay_seconds", string.Create(CultureInfo.InvariantCulture,
                $"retries.max_delay_seconds must be from retries.delay_seconds ({retries.DelaySeconds}) to {MaxDelaySeconds} (7 days)")));
        }

        if (!(retries.Jitter >= 0 && retries.Jitter <= 1))
        {
            errors.Add(new SpecError("retries.jitter", "retries.jitter must be 0 to 1: the part of each delay that may be added to it"));
        }

        CheckExitCodes(retries, errors);
        if (retries.On is { } on)
        {
            if (on.Count == 0)
            {
                errors.Add(new SpecError("retries.on", "retries.on must name what is retried (failed, timed_out, lost); leave it out for all of these, or leave out retries"));
            }
            else if (on.FirstOrDefault(result => !RetryPolicy.DefaultOn.Contains(result), ExecutionResult.Failed) is var other && !RetryPolicy.DefaultOn.Contains(other))
            {
                errors.Add(new SpecError("retries.on", $"retries.on can have failed, timed_out and lost, not {Word(other)}"));
            }
        }
    }

    private static void CheckExitCodes(RetryPolicy retries, List<SpecError> errors)
    {
        var codes = retries.OnExitCodes;
        if (codes.Count > MaxExitCodes || codes.Any(code => code is < 1 or > 255))
        {
            errors.Add(new SpecError("retries.on_exit_codes", string.Create(CultureInfo.InvariantCulture,
                $"retries.on_exit_codes must be at most {MaxExitCodes} numbers from 1 to 255 (0 is success); leave it out for all")));
        }
        else if (codes.Count > 0 && retries.On is { } on && !on.Contains(ExecutionResult.Failed))
        {
            errors.Add(new SpecError("retries.on_exit_codes", "retries.on_exit_codes contradicts retries.on, which does not have failed; add it, or leave out the codes"));
        }
    }

    private static void CheckNumber(string field, double? value, double least, double most, string mostInWords, string otherwise, List<SpecError> errors)
    {
        if (value is { } number && !(number >= least && number <= most))
        {
            errors.Add(new SpecError(field, string.Create(CultureInfo.InvariantCulture, $"{field} must be {least} to {most} ({mostInWords}); leave it out for {otherwise}")));
        }
    }

    // A number from the wire that no word stands for.
    private static void CheckWord<T>(string field, T value, List<SpecError> errors)
        where T : struct, Enum
    {
        if (!Enum.IsDefined(value))
        {
            errors.Add(new SpecError(field, $"{field} must be one of {string.Join(", ", Enum.GetValues<T>().Select(Word))}"));
        }
    }

    private static string Word<T>(T value)
        where T : struct, Enum => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
