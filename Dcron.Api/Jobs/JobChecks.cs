using System.Text.Json;
using Dcron.Api.Requests;
using Dcron.Grains.Jobs;
using Dcron.Grains.Leading;
using Dcron.Storage.Objects;

namespace Dcron.Api.Jobs;

/// <summary>Reads a job from a request and checks it against the world: that its script is there, and that somebody can run it.</summary>
internal sealed class JobChecks(IObjectStore objects, IGrainFactory grains, TimeProvider time)
{
    /// <summary>What every worker looks for unless it is told otherwise.</summary>
    private static readonly string[] Customary = ["python", "ruby"];

    /// <param name="body">A JSON object.</param>
    /// <param name="id">The job that it is for.</param>
    /// <param name="current">The job that is to be changed; null for a new one.</param>
    /// <param name="cancellationToken">Ends the checks.</param>
    public async Task<JobSpecReading> ReadAsync(JsonElement body, JobId id, JobDocument? current, CancellationToken cancellationToken)
    {
        var reading = JobSpecReader.Read(body, (spec, errors) => JobRules.Check(spec, id, current is null ? time.GetUtcNow() : null, errors));
        if (reading is not JobSpecReading.Valid { Spec: var spec })
            return reading;

        var errors = new FieldErrors();
        // What a job has already is not asked about again: one whose script is gone can still be renamed or paused.
        if (spec.ScriptLocation != current?.Spec.ScriptLocation)
            await CheckScriptAsync(spec.ScriptLocation, errors, cancellationToken);
        if (spec.ScriptType != current?.Spec.ScriptType && await InterpretersAsync() is var known && !known.Contains(spec.ScriptType))
            errors.Add("script_type", $"no worker has the interpreter '{spec.ScriptType}'; there {(known.Count == 1 ? "is" : "are")} {string.Join(", ", known)}");
        return errors.Any ? new JobSpecReading.Invalid(errors) : reading;
    }

    private async Task CheckScriptAsync(string text, FieldErrors errors, CancellationToken cancellationToken)
    {
        if (!ObjectLocation.TryParse(text, out var location, out var reason))
            errors.Add("script_location", reason);
        else if (await objects.StatAsync(location, cancellationToken) is null)
            errors.Add("script_location", $"there is no script at {location}; store it with POST /scripts and name what that answers");
    }

    private async Task<SortedSet<string>> InterpretersAsync()
    {
        var workers = await grains.GetGrain<ILeaderGrain>(0).GetWorkers();
        var known = workers.SelectMany(worker => worker.Interpreters.Keys);
        return new SortedSet<string>(workers.Count > 0 ? known : Customary, StringComparer.Ordinal);
    }
}
