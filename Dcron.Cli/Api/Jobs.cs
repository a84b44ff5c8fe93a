using System.Text.Json;
using Dcron.Cli.Input;

namespace Dcron.Cli.Api;

/// <summary>Finds the job that somebody names.</summary>
internal static class Jobs
{
    private const int PageLimit = 500;

    /// <param name="text">A job id or a unique name.</param>
    public static async Task<Resolution> ResolveAsync(ApiClient api, string text, CancellationToken cancel)
    {
        // Ids win over names: whoever names a job like another's id still cannot make anybody's `delete` hit the wrong one.
        if (TextKinds.LooksGenerated(text) && await ByIdAsync(api, text, cancel) is { } generated)
            return generated;

        switch (await NamedAsync(api, $"jobs?limit={PageLimit}&name={Uri.EscapeDataString(text)}{api.NamespaceQuery('&')}", text, cancel))
        {
            case (null, var failure):
                return new Resolution.Failed(failure!);
            case ({ Exact: [var only] }, _):
                return new Resolution.Found(only.JobId);
            case ({ Exact: { Count: > 1 } several }, _):
                return new Resolution.Unclear($"'{text}' names {several.Count} jobs: {string.Join(", ", several.Select(InWords))}. Give the id of one{(several.Select(j => j.Namespace).Distinct().Count() > 1 ? ", or --namespace" : "")}.");
            case ({ } looked, _):
                return await ByIdAsync(api, text, cancel) ?? await NearAsync(api, text, looked.Others, cancel);
        }
    }

    private static string InWords(JobBody job) => job.Namespace is { } name ? $"{job.JobId} (namespace {name})" : job.JobId;

    /// <returns>Null when no job has that id.</returns>
    private static async Task<Resolution?> ByIdAsync(ApiClient api, string text, CancellationToken cancel)
    {
        if (!TextKinds.MayBeJobId(text))
            return null;

        return await api.SendAsync(Call.Get($"jobs/{text}"), cancel) switch
        {
            Answer.Ok => new Resolution.Found(text),
            Answer.Refused { Status: 404 } => null,
            var failure => new Resolution.Failed(failure),
        };
    }

    private static async Task<Resolution> NearAsync(ApiClient api, string text, IReadOnlyList<string> containing, CancellationToken cancel)
    {
        // The nearest names of one page: a hint need not be complete, and must not cost a walk through 100,000 jobs.
        var (looked, failure) = await NamedAsync(api, $"jobs?limit={PageLimit}{api.NamespaceQuery('&')}", text, cancel);
        if (failure is not null)
            return new Resolution.Failed(failure);

        var near = NearNames.Of(text, containing.Concat(looked!.Value.Others));
        return new Resolution.Unclear(near.Count == 0
            ? $"No job has the name or id '{text}'. 'dcron job list' shows what there is."
            : $"No job has the name or id '{text}'. Near it: {string.Join(", ", near.Select(n => $"'{n}'"))}.");
    }

    private static async Task<((IReadOnlyList<JobBody> Exact, IReadOnlyList<string> Others)? Looked, Answer? Failure)> NamedAsync(
        ApiClient api, string path, string name, CancellationToken cancel)
    {
        var answer = await api.SendAsync(Call.Get(path), cancel);
        if (answer is not Answer.Ok ok)
            return (null, answer);

        var jobs = JsonSerializer.Deserialize(ok.Body, ApiJson.Default.ListJobBody) ?? [];
        return ((jobs.Where(j => j.Name == name).ToList(), jobs.Select(j => j.Name).OfType<string>().Where(n => n != name).ToList()), null);
    }
}

/// <summary>What a text turned out to name.</summary>
internal abstract record Resolution
{
    private Resolution()
    {
    }

    public sealed record Found(string JobId) : Resolution;

    /// <summary>Nothing, or more than one thing.</summary>
    /// <param name="Sentence">Says so, and what would be near.</param>
    public sealed record Unclear(string Sentence) : Resolution;

    public sealed record Failed(Answer Failure) : Resolution;
}
