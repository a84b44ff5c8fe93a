using System.Globalization;
using Dcron.Cli.Api;

namespace Dcron.Cli.Output;

/// <summary>Why an execution ran where and when it did, and what with.</summary>
internal static class ExecutionStory
{
    public static IReadOnlyList<(string, string)> Fields(ExecutionBody e)
    {
        List<(string, string)> fields = [];
        var offers = e.Offers.Select(Offer).ToList();
        if (e.OffersLeftOut > 0)
            offers.Insert(0, string.Create(CultureInfo.InvariantCulture, $"({e.OffersLeftOut} earlier offers that came to nothing)"));
        Add(fields, "offers", offers);
        Add(fields, "timeline", Timeline(e));
        if (e.RerunOf is not null)
            fields.Add(("re-run of", e.RerunOf));
        if (e.Args is not null)
            fields.Add(("args", e.Args.Count == 0 ? Shown.Nothing : string.Join(' ', e.Args.Select(Shown.Quoted))));
        if (e.JobVersion is { } version)
            fields.Add(("job version", version.ToString(CultureInfo.InvariantCulture)));
        if (e.Provenance is { } ran)
        {
            fields.Add(("interpreter", $"{Shown.OrNothing(ran.InterpreterVersion)} {Shown.OrNothing(ran.InterpreterPath)}"));
            fields.Add(("environment", ran.EnvironmentSha256 is { } hash ? $"sha256 {hash}" : Shown.Nothing));
            fields.Add(("node", $"{Shown.OrNothing(ran.Host)}, dcron {Shown.OrNothing(ran.NodeVersion)}"));
            if (ran.TzVersion is not null)
                fields.Add(("time zones", ran.TzVersion));
        }

        if (e.LateResult is { } late)
        {
            fields.Add(("late result", $"{late.ExecutionResult}{(late.ExitStatus is { } status ? string.Create(CultureInfo.InvariantCulture, $" (exit {status})") : "")} at {Shown.Time(late.FinishedAt)}, told {Shown.Time(late.ToldAt)}; superseded"));
        }

        return fields;
    }

    private static string Offer(OfferBody offer) => offer.Answer switch
    {
        "accepted" when offer.Milliseconds is { } took => string.Create(CultureInfo.InvariantCulture, $"{offer.WorkerId} accepted, {took:0.#} ms"),
        "accepted" => $"{offer.WorkerId} accepted",
        "declined" => $"{offer.WorkerId} declined: {offer.Reason}{(offer.Detail is null ? "" : $" ({offer.Detail})")}",
        _ => $"{offer.WorkerId} did not answer{(offer.Detail is null ? "" : $": {offer.Detail}")}",
    };

    // Each with its distance from the step before.
    private static List<string> Timeline(ExecutionBody e)
    {
        var lines = new List<string>();
        DateTimeOffset? before = null;
        foreach (var (name, at) in new (string, DateTimeOffset?)[]
        {
            ("due", e.DueAt), ("planned", e.PlannedAt), ("claimed", e.ClaimedAt), ("started", e.StartedAt), ("ended", e.FinishedAt), ("log stored", e.UploadedAt),
        }.OrderBy(step => step.Item2)) // an attempt is planned before it is due
        {
            if (at is not { } time)
                continue;

            var since = before is { } last ? $"  {(time < last ? "" : "+")}{Shown.Duration(time - last)}" : "";
            lines.Add($"{name,-10}  {time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)}{since}");
            before = time;
        }

        return lines;
    }

    private static void Add(List<(string, string)> fields, string name, List<string> lines) => fields.AddRange(lines.Select((line, i) => (i == 0 ? name : "", line)));
}
