using System.Text.Json;
using Dcron.Api.Requests;
using Dcron.Grains.Jobs;

namespace Dcron.Api.Jobs;

/// <summary>What a request says of a job.</summary>
internal abstract record JobSpecReading
{
    private JobSpecReading()
    {
    }

    public sealed record Valid(JobSpec Spec) : JobSpecReading;

    public sealed record Invalid(FieldErrors Errors) : JobSpecReading;
}

/// <summary>Reads a job from a request and finds everything that is wrong with it at once.</summary>
internal static class JobSpecReader
{
    /// <summary>Takes the place of fields that can't be read, so that the rules can still judge the others.</summary>
    private static readonly JobSpec Blank = new() { Time = "0 0 * * *", ScriptType = "python", ScriptLocation = "s3://dcron/scripts/none" };

    /// <param name="body">A JSON object.</param>
    /// <param name="rules">Tells what is wrong with a spec whose fields can be read.</param>
    public static JobSpecReading Read(JsonElement body, Action<JobSpec, FieldErrors> rules)
    {
        var errors = new FieldErrors();
        var spec = Blank;
        var given = new HashSet<string>(StringComparer.Ordinal);
        foreach (var property in body.EnumerateObject())
        {
            if (!JobFields.Readers.TryGetValue(property.Name, out var reader))
            {
                RefuseUnknown(property, errors);
            }
            else if (property.Value.ValueKind != JsonValueKind.Null) // null is the same as absent
            {
                given.Add(property.Name);
                spec = reader(spec, property.Value, errors);
            }
        }

        foreach (var missing in JobFields.Required.Where(field => !given.Contains(field)))
            errors.AddMalformed(missing, "is required");

        var ruled = new FieldErrors();
        rules(spec, ruled);
        foreach (var (field, messages) in ruled.ToDictionary())
        {
            if (!errors.Has(field.Split('.', '[')[0]))
            {
                foreach (var message in messages)
                    errors.Add(field, message);
            }
        }

        return errors.Any ? new JobSpecReading.Invalid(errors) : new JobSpecReading.Valid(spec);
    }

    private static void RefuseUnknown(JsonProperty property, FieldErrors errors)
    {
        var field = property.Name;
        if (JobFields.NotInThisVersion.Contains(field))
            errors.Add(field, "is not in this version of dcron; leave it out");
        else if (JobFields.Answered.Contains(field))
            errors.AddMalformed(field, "is answered by dcron and can't be set; leave it out, or send only what changes with PATCH");
        else if (Suggestion.For(field, JobFields.Readers.Keys, JobFields.Synonyms) is { } meant)
            errors.AddMalformed(Shown(field), $"is not a field of a job; did you mean '{meant}'?");
        else
            errors.AddMalformed(Shown(field), $"is not a field of a job; there are {string.Join(", ", JobFields.Readers.Keys.Order(StringComparer.Ordinal))}");
    }

    private static string Shown(string field) => field.Length <= 100 ? field : field[..100] + "…";
}
