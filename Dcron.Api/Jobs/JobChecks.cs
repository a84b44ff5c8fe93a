using System.Text.Json;
using Dcron.Api.Requests;
using Dcron.Grains.Access;
using Dcron.Api.Workers;
using Dcron.Grains.Jobs;
using Dcron.Grains.Leading;
using Dcron.Grains.Scripts;
using Dcron.Grains.Secrets;
using Dcron.Storage.Objects;

namespace Dcron.Api.Jobs;

/// <summary>Reads a job from a request and checks it against the world: that its script is there, and that somebody can run it.</summary>
internal sealed class JobChecks(IObjectStore objects, AllowedScripts allowed, SecretStore secrets, IGrainFactory grains, TimeProvider time)
{
    /// <summary>What every worker looks for unless it is told otherwise.</summary>
    private static readonly string[] Customary = ["python", "ruby"];

    /// <param name="body">A JSON object.</param>
    /// <param name="id">The job that it is for.</param>
    /// <param name="current">The job that is to be changed; null for a new one.</param>
    /// <param name="inNamespace">Where the job is if the body does not say.</param>
    /// <param name="cancellationToken">Ends the checks.</param>
    public async Task<JobSpecReading> ReadAsync(JsonElement body, JobId id, JobDocument? current, string inNamespace, CancellationToken cancellationToken)
    {
        var reading = JobSpecReader.Read(body, (spec, errors) => JobRules.Check(spec, id, current is null ? time.GetUtcNow() : null, errors));
        if (reading is not JobSpecReading.Valid { Spec: var spec })
            return reading;

        var errors = new FieldErrors();
        if (!body.TryGetProperty("namespace", out var given) || given.ValueKind == JsonValueKind.Null)
            spec = spec with { Namespace = Namespaces.ToStored(inNamespace) };
        if (current is not null && spec.Namespace != current.Spec.Namespace)
            errors.Add("namespace", $"is '{current.Spec.InNamespace}' and stays so: a job can't move; create it anew in the other namespace");

        // What a job has already is not asked about again: one whose script is gone can still be renamed or paused.
        if (spec.ScriptLocation != current?.Spec.ScriptLocation)
            await CheckScriptAsync(spec.ScriptLocation, spec.InNamespace, errors, cancellationToken);
        if (spec.ScriptType != current?.Spec.ScriptType && await InterpretersAsync() is var known && !known.Contains(spec.ScriptType))
            errors.Add("script_type", $"no worker has the interpreter '{spec.ScriptType}'; there {(known.Count == 1 ? "is" : "are")} {string.Join(", ", known)}");
        if ((spec.Limits, spec.Network) != (current?.Spec.Limits, current?.Spec.Network)
            && Uncontainable.Why(await grains.GetGrain<ILeaderGrain>(0).GetWorkers(), spec.Limits, spec.Network) is { } why)
            errors.Add(spec.Network is not null && spec.Limits is null ? "network" : "limits", $"no worker can contain it so: {why}");
        await CheckSecretsAsync(spec, current?.Spec, errors, cancellationToken);
        return errors.Any ? new JobSpecReading.Invalid(errors) : new JobSpecReading.Valid(spec);
    }

    private async Task CheckSecretsAsync(JobSpec spec, JobSpec? current, FieldErrors errors, CancellationToken cancellationToken)
    {
        var known = current?.Secrets?.Values.Select(secret => secret.Name).ToHashSet() ?? [];
        foreach (var name in (spec.Secrets ?? new Dictionary<string, SecretReference>()).Values.Select(secret => secret.Name).Distinct().Where(name => !known.Contains(name)))
        {
            if (await secrets.FindAsync(spec.InNamespace, name, cancellationToken) is null)
                errors.Add("env", $"asks for the secret '{name}', which the namespace '{spec.InNamespace}' does not have; set it first: dcron secret set {name}");
        }
    }

    private async Task CheckScriptAsync(string text, string inNamespace, FieldErrors errors, CancellationToken cancellationToken)
    {
        if (!ObjectLocation.TryParse(text, out var location, out var reason))
            errors.Add("script_location", reason);
        else if (allowed.ReasonAgainst(location, inNamespace) is { } against)
            errors.Add("script_location", against);
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
