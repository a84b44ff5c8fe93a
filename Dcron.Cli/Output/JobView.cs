using System.Globalization;
using System.Text.Json;
using Dcron.Cli.Api;

namespace Dcron.Cli.Output;

/// <summary>Jobs for people.</summary>
internal static class JobView
{
    public static string Title(JobBody job) => string.IsNullOrEmpty(job.Name) ? job.JobId : $"{job.Name} ({job.JobId})";

    public static Table List(IReadOnlyList<JobBody> jobs)
    {
        var table = new Table("JOB", "NAME", "TIME", "TIMEZONE", "TYPE", "STATE", "NEXT");
        foreach (var job in jobs)
        {
            table.Add(job.JobId, Shown.OrNothing(job.Name), job.Time, Shown.OrNothing(job.Timezone), job.ScriptType, State(job),
                Shown.Time(job.NextFireTimes.Count > 0 ? job.NextFireTimes[0] : null));
        }

        return table;
    }

    public static IReadOnlyList<(string, string)> Fields(JobBody job)
    {
        List<(string, string)> fields =
        [
            ("job", job.JobId),
            ("name", Shown.OrNothing(job.Name)),
            ("namespace", Shown.OrNothing(job.Namespace)),
            ("time", string.IsNullOrEmpty(job.Description) ? job.Time : $"{job.Time} ({job.Description})"),
            ("timezone", Shown.OrNothing(job.Timezone)),
            ("script", $"{job.ScriptType} {job.ScriptLocation}"),
            ("args", job.Args.Count == 0 ? Shown.Nothing : string.Join(' ', job.Args.Select(Shown.Quoted))),
            ("env", Shown.Pairs(job.Env.ToDictionary(e => e.Key, e => EnvValue(e.Value)))),
            ("timeout", Shown.Duration(job.TimeoutSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null)),
            ("overlap", $"{Shown.OrNothing(job.OverlapPolicy)}{(job.QueueLimit is { } limit ? string.Create(CultureInfo.InvariantCulture, $", at most {limit} waiting") : "")}"),
            ("misfire", Shown.OrNothing(job.MisfirePolicy)),
            ("deadline", Shown.Duration(job.StartingDeadlineSeconds is { } deadline ? TimeSpan.FromSeconds(deadline) : null)),
            ("retries", Retries(job.Retries)),
            ("jitter", Shown.Duration(job.JitterSeconds is { } jitter ? TimeSpan.FromSeconds(jitter) : null)),
            ("clock change", $"gap {Shown.OrNothing(job.DstGap)}, overlap {Shown.OrNothing(job.DstOverlap)}"),
            ("starts at", Shown.Time(job.StartsAt)),
            ("ends at", Shown.Time(job.EndsAt)),
            ("labels", Shown.Pairs(job.Labels)),
            ("selector", Shown.Pairs(job.WorkerSelector)),
            ("limits", ContainmentView.Limits(job.Limits)),
            ("network", job.Network switch { true => "on", false => "off", null => "as the worker has it" }),
            ("stderr", Shown.OrNothing(job.Stderr)),
            ("state", State(job).Text),
            ("version", job.Version is { } version ? string.Create(CultureInfo.InvariantCulture, $"{version}, since {Shown.Time(job.UpdatedAt)}") : Shown.Nothing),
        ];
        fields.AddRange(job.NextFireTimes.Count == 0
            ? [("next", job.Enabled ? "never again" : "not while it is paused")]
            : job.NextFireTimes.Select((time, i) => (i == 0 ? "next" : "", Shown.Time(time))));
        return fields;
    }

    public static Table Versions(IReadOnlyList<JobBody> versions)
    {
        var table = new Table("VERSION", "SINCE", "TIME", "TIMEZONE", "TYPE", "SCRIPT", "STATE");
        foreach (var version in versions)
        {
            table.Add(version.Version?.ToString(CultureInfo.InvariantCulture) ?? Shown.Nothing, Shown.Time(version.EffectiveAt), version.Time,
                Shown.OrNothing(version.Timezone), version.ScriptType, version.ScriptLocation, State(version));
        }

        return table;
    }

    private static Table.Cell State(JobBody job) => job.Enabled ? new("active", Tone.Good) : new("paused", Tone.Faint);

    private static string EnvValue(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()!
        : value.ValueKind == JsonValueKind.Object && value.TryGetProperty("secret", out var secret) ? $"(secret {secret}{(value.TryGetProperty("as", out _) ? ", as a file" : "")})"
        : value.GetRawText();

    private static string Retries(RetriesBody? retries)
    {
        if (retries is null)
            return Shown.Nothing;

        var delay = Shown.Duration(TimeSpan.FromSeconds(retries.DelaySeconds));
        var grows = retries.Backoff == "fixed" ? $"after {delay}" : $"after {delay}, doubled up to {Shown.Duration(TimeSpan.FromSeconds(retries.MaxDelaySeconds))}";
        var spread = retries.Jitter > 0 ? string.Create(CultureInfo.InvariantCulture, $", jitter {retries.Jitter}") : "";
        var codes = retries.OnExitCodes.Count > 0 ? $" (exit status {string.Join(", ", retries.OnExitCodes)})" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{retries.Count}, {grows}{spread}, on {string.Join(", ", retries.On.Select(result => result == "failed" ? result + codes : result))}");
    }
}
