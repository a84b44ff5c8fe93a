using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Dcron.Grains.Access;
using Dcron.Grains.Containing;
using Dcron.Grains.Json;
using Dcron.Grains.Scheduling;
using Dcron.Grains.Secrets;
using Dcron.Storage.Objects;

namespace Dcron.Grains.Jobs.Planning;

/// <summary>What a job's spec must be, so that everything behind can trust it. Whether its script and interpreter exist is asked elsewhere.</summary>
public static partial class JobSpecRules
{
    public const int MaxNameLength = 200;
    public const int MaxArgs = 100;
    public const int MaxArgBytes = 32 * 1024;
    public const int MaxEnvBytes = 128 * 1024;
    public const int MaxSecrets = 50;
    public const int MaxLabels = 50;
    public const int MaxSpecBytes = 256 * 1024;
    public const double MinTimeoutSeconds = 0.1;
    public const double MaxTimeoutSeconds = 30 * 24 * 3600;

    private static readonly DateTimeOffset First = DateTimeOffset.UnixEpoch;
    private static readonly DateTimeOffset Last = new(2400, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Everything that is wrong with a spec, at once; empty when it is valid.</summary>
    /// <param name="spec">The spec.</param>
    /// <param name="jobId">The job it is for: an <c>H</c> in its time depends on it.</param>
    /// <param name="createdAt">
    /// For a new job, when it is created: one that could not fire after this is refused. Null for an update, which may also touch
    /// a job whose time is over.
    /// </param>
    public static IReadOnlyList<SpecError> Check(JobSpec spec, JobId jobId, DateTimeOffset? createdAt = null)
    {
        var errors = new List<SpecError>();
        CheckTimes(spec, jobId, createdAt, errors);
        CheckScript(spec, errors);
        CheckName(spec.Name, errors);
        CheckArgs(spec.Args, errors);
        CheckEnv(spec.Env, errors);
        CheckSecrets(spec, errors);
        CheckNamespace(spec.Namespace, errors);
        CheckLabels("labels", spec.Labels, errors);
        CheckLabels("worker_selector", spec.WorkerSelector, errors);
        if (spec.TimeoutSeconds is { } timeout && !(timeout >= MinTimeoutSeconds && timeout <= MaxTimeoutSeconds))
        {
            errors.Add(new SpecError("timeout_seconds", string.Create(CultureInfo.InvariantCulture,
                $"timeout_seconds must be {MinTimeoutSeconds} to {MaxTimeoutSeconds} (30 days); leave it out for no limit")));
        }

        PolicyRules.Check(spec, errors);
        errors.AddRange(LimitRules.Check(spec.Limits ?? ScriptLimits.None).Select(error =>
            new SpecError($"limits.{error.Field}", $"limits.{error.Field} must be {error.Right}; leave it out for the worker's own")));
        if (errors.Count == 0 && JsonSerializer.SerializeToUtf8Bytes(spec, DcronJson.Default.JobSpec).Length > MaxSpecBytes)
        {
            errors.Add(new SpecError("args", "the job as a whole must not exceed 256 KiB; put large data into the object store and pass its location"));
        }

        return errors;
    }

    private static void CheckTimes(JobSpec spec, JobId jobId, DateTimeOffset? createdAt, List<SpecError> errors)
    {
        if (!CronSchedule.TryParse(spec.Time, jobId.Value ?? "", out var schedule, out var cronError))
        {
            errors.Add(new SpecError("time", $"time can't be read: {cronError.Message}"));
        }

        if (!TimezoneName.TryFind(spec.Timezone, out var zone, out var zoneError))
        {
            errors.Add(new SpecError("timezone", $"timezone {zoneError}"));
        }

        var inRange = CheckRange("starts_at", spec.StartsAt, errors) & CheckRange("ends_at", spec.EndsAt, errors);
        if (spec.StartsAt >= spec.EndsAt)
        {
            errors.Add(new SpecError("ends_at", $"ends_at must be later than starts_at ({UtcTime.ToText(spec.StartsAt.Value)})"));
        }
        else if (inRange && schedule is not null && zone is not null)
        {
            var times = new FireTimes(schedule, zone, spec.StartsAt, spec.EndsAt, spec.DstGap, spec.DstOverlap);
            CheckFires(times, spec, createdAt, errors);
            PolicyRules.CheckJitter(spec, times, createdAt ?? First, errors);
        }
    }

    private static void CheckFires(FireTimes times, JobSpec spec, DateTimeOffset? createdAt, List<SpecError> errors)
    {
        if (times.NextAfter(createdAt ?? DateTimeOffset.MinValue) is not null)
        {
            return;
        }

        errors.Add(createdAt is { } now && spec.EndsAt <= now
            ? new SpecError("ends_at", $"ends_at lies in the past (it is {UtcTime.ToText(now)} now), so the job would never fire; leave it out for no end")
            : new SpecError("ends_at", "ends_at comes before the first fire time, so the job would never fire; move it, or change time or starts_at"));
    }

    private static bool CheckRange(string field, DateTimeOffset? time, List<SpecError> errors)
    {
        if (time is null || (time >= First && time < Last))
        {
            return true;
        }

        errors.Add(new SpecError(field, $"{field} must lie between 1970 and 2399; leave it out for no limit"));
        return false;
    }

    private static void CheckScript(JobSpec spec, List<SpecError> errors)
    {
        if (!ScriptType().IsMatch(spec.ScriptType ?? ""))
        {
            errors.Add(new SpecError("script_type",
                "script_type must be the name of an interpreter such as 'python' or 'ruby': 1 to 32 of a-z, 0-9, '_', '.' and '-', beginning with a letter"));
        }

        if (!ObjectLocation.TryParse(spec.ScriptLocation, out _, out var reason))
        {
            errors.Add(new SpecError("script_location", $"script_location {(reason.StartsWith("the ", StringComparison.Ordinal) ? "is wrong: " : "")}{reason}"));
        }
    }

    private static void CheckName(string? name, List<SpecError> errors)
    {
        var reason = name is null ? null
            : name.Length is 0 or > MaxNameLength ? $"must have 1 to {MaxNameLength} characters; leave it out for none"
            : !ReadableName.Is(name) || !IsText(name) ? "must be text without control characters, nor any that turn it around"
            : char.IsWhiteSpace(name[0]) || char.IsWhiteSpace(name[^1]) ? "must not begin or end with a space"
            : LikeJobId().IsMatch(name) ? "must not look like a job id (20 letters and digits), since either may name a job"
            : null;
        if (reason is not null)
        {
            errors.Add(new SpecError("name", $"name {reason}"));
        }
    }

    private static void CheckArgs(IReadOnlyList<string> args, List<SpecError> errors)
    {
        if (args.Count > MaxArgs)
        {
            errors.Add(new SpecError("args", string.Create(CultureInfo.InvariantCulture, $"args has {args.Count} entries; at most {MaxArgs} are allowed")));
        }

        for (var i = 0; i < Math.Min(args.Count, MaxArgs); i++)
        {
            var reason = args[i] is null ? "is null; each must be a string"
                : args[i].Contains('\0') ? "contains a NUL character, which no program can be given"
                : !IsText(args[i]) ? "is not valid Unicode"
                : Encoding.UTF8.GetByteCount(args[i]) > MaxArgBytes ? "is longer than 32 KiB; pass the location of a file or object instead"
                : null;
            if (reason is not null)
            {
                errors.Add(new SpecError("args", string.Create(CultureInfo.InvariantCulture, $"args entry {i + 1} {reason}")));
            }
        }
    }

    private static void CheckEnv(IReadOnlyDictionary<string, string> env, List<SpecError> errors)
    {
        var bytes = 0L;
        foreach (var (name, value) in env)
        {
            var reason = ReasonAgainst(name) is { } against ? against
                : value is null ? "is null; each must be a string"
                : value.Contains('\0') ? "has a NUL character in its value, which no program can be given"
                : !IsText(value) ? "has a value that is not valid Unicode"
                : null;
            if (reason is not null)
            {
                errors.Add(new SpecError("env", $"env variable '{Shown(name)}' {reason}"));
            }

            bytes += Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(value ?? "") + 2;
        }

        if (bytes > MaxEnvBytes)
        {
            errors.Add(new SpecError("env", "env must not exceed 128 KiB in all; pass the location of a file or object instead"));
        }
    }

    private static string? ReasonAgainst(string variable) =>
        !EnvName().IsMatch(variable) ? "is no variable name: letters, digits and '_', not beginning with a digit"
        : variable.StartsWith("DCRON_", StringComparison.Ordinal) ? "begins with DCRON_, which dcron itself sets"
        : null;

    private static void CheckSecrets(JobSpec spec, List<SpecError> errors)
    {
        if (spec.Secrets is not { } secrets)
        {
            return;
        }

        if (secrets.Count > MaxSecrets)
        {
            errors.Add(new SpecError("env", string.Create(CultureInfo.InvariantCulture, $"env has {secrets.Count} variables from secrets; at most {MaxSecrets} are allowed")));
        }

        foreach (var (variable, secret) in secrets)
        {
            var reason = ReasonAgainst(variable)
                ?? (!SecretReference.IsName(secret.Name) ? $"names a secret that can't be: a secret's name is {SecretReference.NameForm}"
                    : spec.Env.ContainsKey(variable) ? "has a value and a secret; it can have one of them"
                    : null);
            if (reason is not null)
            {
                errors.Add(new SpecError("env", $"env variable '{Shown(variable)}' {reason}"));
            }
        }
    }

    private static void CheckNamespace(string? name, List<SpecError> errors)
    {
        if (name is not null && !Namespaces.IsName(name))
        {
            errors.Add(new SpecError("namespace", $"namespace must be {Namespaces.Form}"));
        }
    }

    private static void CheckLabels(string field, IReadOnlyDictionary<string, string> labels, List<SpecError> errors)
    {
        if (labels.Count > MaxLabels)
        {
            errors.Add(new SpecError(field, string.Create(CultureInfo.InvariantCulture, $"{field} has {labels.Count} entries; at most {MaxLabels} are allowed")));
        }

        foreach (var (key, value) in labels.Take(MaxLabels))
        {
            if (!Label().IsMatch(key) || !Label().IsMatch(value ?? ""))
            {
                errors.Add(new SpecError(field, $"{field} entry '{Shown(key)}': key and value must be 1 to 63 of A-Z, a-z, 0-9, '.', '_', '/' and '-'"));
            }
        }
    }

    /// <summary>No half of a surrogate pair alone, which would be stored as another character.</summary>
    private static bool IsText(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[++i])))
            {
                return false;
            }
        }

        return true;
    }

    private static string Shown(string text) =>
        new([.. (text.Length > 40 ? text[..40] + "…" : text).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c)]);

    [GeneratedRegex(@"\A[a-z][a-z0-9_.-]{0,31}\z", RegexOptions.CultureInvariant)]
    private static partial Regex ScriptType();

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex EnvName();

    [GeneratedRegex(@"\A[A-Za-z0-9._/-]{1,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Label();

    // What JobId.New makes: 20 characters of its alphabet, the first one from 3 bits.
    [GeneratedRegex(@"\A[0-7][0-9a-hjkmnp-tv-z]{19}\z", RegexOptions.CultureInvariant)]
    private static partial Regex LikeJobId();
}
