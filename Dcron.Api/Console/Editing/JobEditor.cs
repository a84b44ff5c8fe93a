using System.Text;
using System.Text.Json;
using Dcron.Api.Access;
using Dcron.Api.Jobs;
using Dcron.Api.Requests;
using Dcron.Grains.Jobs;
using Dcron.Grains.Leading;
using Dcron.Grains.Scripts;
using Dcron.Storage.Objects;

namespace Dcron.Api.Console.Editing;

/// <summary>What became of a form.</summary>
internal abstract record JobEdit
{
    private JobEdit()
    {
    }

    public sealed record Saved(JobDocument Job) : JobEdit;

    /// <summary>The form says what is wrong.</summary>
    public sealed record Refused(JobForm Form) : JobEdit;

    public sealed record NoSuchJob : JobEdit;
}

/// <summary>Turns a form into a job: stores its script, has it checked as the API does, and creates or updates the job.</summary>
internal sealed class JobEditor(JobChecks checks, ScriptLibrary library, AllowedScripts allowed, IObjectStore objects, IGrainFactory grains, TimeProvider time)
{
    /// <summary>A larger script is not shown for editing.</summary>
    public const int LargestShown = 256 * 1024;

    private static readonly Dictionary<string, string> Extensions = new(StringComparer.Ordinal) { ["python"] = "py", ["ruby"] = "rb", ["bash"] = "sh", ["sh"] = "sh", ["node"] = "js", ["perl"] = "pl" };

    /// <param name="context">The request: who asks, for its audit.</param>
    /// <param name="id">Null for a new job.</param>
    /// <param name="form">What was filled in.</param>
    /// <param name="file">A script that was uploaded with it.</param>
    public async Task<JobEdit> SaveAsync(HttpContext context, JobId? id, JobForm form, IFormFile? file)
    {
        var (scope, cancellationToken) = (Caller.ScopeOf(context.User), context.RequestAborted);
        JobDocument? current = null;
        if (id is { } existing)
        {
            if (await grains.GetGrain<IJobGrain>(existing.Value).Get() is not JobAnswer.Found { Job: var job })
                return new JobEdit.NoSuchJob();
            current = job;
        }

        var errors = new FieldErrors();
        var inNamespace = current?.Spec.InNamespace ?? (form["namespace"].Trim() is { Length: > 0 } asked ? asked : scope.Own);
        if (!scope.Allows(inNamespace))
            errors.Add("namespace", $"must be one of your own: {scope}");
        await StoreScriptAsync(form, file, current, inNamespace, errors, cancellationToken);
        var jobId = id ?? JobId.New(time.GetUtcNow());
        using var json = JsonDocument.Parse(form.ToJson(current?.Spec).ToJsonString());
        var reading = await checks.ReadAsync(json.RootElement, jobId, current, inNamespace, cancellationToken);
        if (reading is JobSpecReading.Invalid invalid)
            Merge(invalid.Errors, errors);
        if (errors.Any)
            return Refused(form, errors);

        var spec = ((JobSpecReading.Valid)reading).Spec;
        await JobEndpoints.AuditAsync(context, jobId, current?.Spec, spec);
        var grain = grains.GetGrain<IJobGrain>(jobId.Value);
        var expected = int.TryParse(form["version"], out var version) ? version : (int?)null;
        var answer = current is null ? await grain.Create(new CreateJob(jobId, spec)) : await grain.Update(new UpdateJob(jobId, spec, expected));
        switch (answer)
        {
            case JobAnswer.Found found:
                return new JobEdit.Saved(found.Job);
            case JobAnswer.NameTaken taken:
                errors.Add("name", $"is taken: job {taken.By} has it; choose another");
                return Refused(form, errors);
            case JobAnswer.VersionMismatch mismatch:
                errors.Add("version", $"somebody else has changed this job meanwhile: it is at version {mismatch.Current} now. Save again to replace that with what stands here, or open the job to see it");
                form["version"] = $"{mismatch.Current}";
                return Refused(form, errors);
            default:
                return new JobEdit.NoSuchJob();
        }
    }

    /// <summary>A script as a text to edit; null where it is too large, is no text, or can't be read.</summary>
    public async Task<string?> ReadScriptAsync(string at, CancellationToken cancellationToken)
    {
        if (!ObjectLocation.TryParse(at, out var location, out _))
            return null;
        try
        {
            await using var content = await objects.OpenAsync(location, new ByteRange(0, LargestShown + 1), cancellationToken);
            if (content is null || content.TotalSize > LargestShown)
                return null;
            using var bytes = new MemoryStream();
            await content.Stream.CopyToAsync(bytes, cancellationToken);
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
        }
        catch (Exception e) when (e is DecoderFallbackException or ObjectStoreUnavailableException)
        {
            return null; // the rest of the job can still be edited
        }
    }

    /// <summary>The interpreters that the workers have, with their versions.</summary>
    public async Task<IReadOnlyDictionary<string, string>> InterpretersAsync(string? besides)
    {
        var known = new SortedDictionary<string, string>(StringComparer.Ordinal);
        try
        {
            foreach (var (name, version) in (await grains.GetGrain<ILeaderGrain>(0).GetWorkers()).SelectMany(worker => worker.Interpreters))
                known[name] = version;
        }
        catch (Exception e) when (Problems.Outage.Of(e) is not null)
        {
            // Then what is customary; whether it is there is checked when the job is saved.
        }

        if (known.Count == 0)
            (known["python"], known["ruby"]) = ("", "");
        if (!string.IsNullOrEmpty(besides))
            known.TryAdd(besides, "");
        return known;
    }

    private async Task StoreScriptAsync(JobForm form, IFormFile? file, JobDocument? current, string inNamespace, FieldErrors errors, CancellationToken cancellationToken)
    {
        var text = form["script"];
        Stream? content = null;
        string? name = null;
        if (file is { Length: > 0 })
            (content, name) = (file.OpenReadStream(), Path.GetFileName(file.FileName));
        else if (text.Trim().Length == 0 && form["script_location"].Trim().Length == 0)
            errors.Add("script", "write the script, choose a file, or say where the script is");
        else if (text.Trim().Length > 0 && await UnchangedAsync(text, [current?.Spec.ScriptLocation, form["script_location"].Trim()], inNamespace, cancellationToken) is { } kept)
            form["script_location"] = kept;
        else if (text.Trim().Length > 0)
            (content, name) = (new MemoryStream(Encoding.UTF8.GetBytes(text.EndsWith('\n') ? text : text + "\n")), NameOf(form, current));
        if (content is null)
            return;

        await using (content)
        {
            switch (await library.StoreAsync(content, name, cancellationToken: cancellationToken))
            {
                case ScriptUpload.Stored stored:
                    form["script_location"] = stored.Location.ToString();
                    break;
                case ScriptUpload.BadName bad:
                    errors.Add("file", $"the file's name {bad.Reason}");
                    break;
                case ScriptUpload.TooLarge large:
                    errors.Add("file", large.Reason);
                    break;
            }
        }
    }

    /// <summary>Where this very script is already: browsers change line breaks, and what nobody has edited keeps its bytes, in a copy too.</summary>
    private async Task<string?> UnchangedAsync(string text, IReadOnlyList<string?> places, string inNamespace, CancellationToken cancellationToken)
    {
        foreach (var place in places)
        {
            if (ObjectLocation.TryParse(place, out var location, out _) && allowed.ReasonAgainst(location, inNamespace) is null
                && await ReadScriptAsync(place, cancellationToken) is { } known && known.ReplaceLineEndings("\n").TrimEnd('\n') == text.TrimEnd('\n'))
            {
                return place;
            }
        }

        return null;
    }

    private static string NameOf(JobForm form, JobDocument? current)
    {
        if (current is not null && Path.GetFileName(current.Spec.ScriptLocation) is { Length: > 0 } name && current.Spec.ScriptType == form["script_type"])
            return name;

        return "script." + (Extensions.GetValueOrDefault(form["script_type"]) ?? "txt");
    }

    // What the script's own error says already need not be said of its location again.
    private static void Merge(FieldErrors from, FieldErrors into)
    {
        foreach (var (field, messages) in from.ToDictionary())
        {
            if (field == "script_location" && into.Any)
                continue;
            foreach (var message in messages)
                into.Add(field, message);
        }
    }

    private static JobEdit.Refused Refused(JobForm form, FieldErrors errors)
    {
        form.Errors = errors.ToDictionary();
        return new JobEdit.Refused(form);
    }
}
