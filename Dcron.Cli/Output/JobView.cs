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
            ("time", string.IsNullOrEmpty(job.Description) ? job.Time : $"{job.Time} ({job.Description})"),
            ("timezone", Shown.OrNothing(job.Timezone)),
            ("script", $"{job.ScriptType} {job.ScriptLocation}"),
            ("args", job.Args.Count == 0 ? Shown.Nothing : string.Join(' ', job.Args.Select(Quoted))),
            ("env", Shown.Pairs(job.Env.ToDictionary(e => e.Key, e => EnvValue(e.Value)))),
            ("timeout", Shown.Duration(job.TimeoutSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null)),
            ("overlap", Shown.OrNothing(job.OverlapPolicy)),
            ("misfire", Shown.OrNothing(job.MisfirePolicy)),
            ("starts at", Shown.Time(job.StartsAt)),
            ("ends at", Shown.Time(job.EndsAt)),
            ("labels", Shown.Pairs(job.Labels)),
            ("selector", Shown.Pairs(job.WorkerSelector)),
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

    private static string EnvValue(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();

    private static string Quoted(string arg) =>
        arg.Length > 0 && arg.All(c => char.IsAsciiLetterOrDigit(c) || "-_./:=,@%+".Contains(c, StringComparison.Ordinal)) ? arg : $"'{arg.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
