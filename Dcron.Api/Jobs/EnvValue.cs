using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Dcron.Api.Requests;
using Dcron.Grains.Jobs;
using Dcron.Grains.Secrets;
using Microsoft.OpenApi;

namespace Dcron.Api.Jobs;

/// <summary>What a job's <c>env</c> says of one variable: a text, or where its value comes from; never a secret's value.</summary>
[JsonConverter(typeof(Converter))]
internal sealed record EnvValue(string? Text, SecretReference? Secret)
{
    private const string SecretField = "secret";
    private const string AsField = "as";
    private const string File = "file";
    private const string Advice = "must be a text, or {\"secret\": \"name\"}, with \"as\": \"file\" for the path of a file";

    public static IReadOnlyDictionary<string, EnvValue> Of(JobSpec spec)
    {
        var values = new SortedDictionary<string, EnvValue>(StringComparer.Ordinal);
        foreach (var (name, text) in spec.Env)
            values[name] = new EnvValue(text, null);
        foreach (var (name, secret) in spec.Secrets ?? new Dictionary<string, SecretReference>())
            values[name] = new EnvValue(null, secret);
        return values;
    }

    /// <summary>Reads the field <c>env</c> of a job.</summary>
    public static JobSpec Read(JobSpec spec, JsonElement value, FieldErrors errors)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            errors.AddMalformed("env", $"must be an object of texts, such as {{\"KEY\": \"value\"}}{JobFields.ButIs(value)}");
            return spec;
        }

        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        var secrets = new Dictionary<string, SecretReference>(StringComparer.Ordinal);
        foreach (var variable in value.EnumerateObject())
        {
            if (variable.Value.ValueKind == JsonValueKind.String)
                texts[variable.Name] = variable.Value.GetString()!;
            else if (variable.Value.ValueKind == JsonValueKind.Object)
                AddSecret($"env.{variable.Name}", variable, secrets, errors);
            else
                errors.AddMalformed($"env.{variable.Name}", $"must be a text{JobFields.ButIs(variable.Value)}; write it in quotes");
        }

        return spec with { Env = texts, Secrets = secrets.Count == 0 ? null : secrets };
    }

    /// <summary>For the API's description.</summary>
    public static IList<IOpenApiSchema> Schemas() =>
    [
        new OpenApiSchema { Type = JsonSchemaType.String },
        new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Required = new HashSet<string> { SecretField },
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                [SecretField] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "Name of a secret of the job's namespace." },
                [AsField] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "file: the variable holds the path of a file with the value.", Enum = [JsonValue.Create(File)] },
            },
        },
    ];

    private static void AddSecret(string field, JsonProperty variable, Dictionary<string, SecretReference> secrets, FieldErrors errors)
    {
        var (name, asFile) = (default(string), false);
        foreach (var property in variable.Value.EnumerateObject())
        {
            if (property is { Name: SecretField, Value.ValueKind: JsonValueKind.String })
                name = property.Value.GetString();
            else if (property is { Name: AsField, Value.ValueKind: JsonValueKind.String } && property.Value.ValueEquals(File))
                asFile = true;
            else
            {
                errors.AddMalformed(field, Advice);
                return;
            }
        }

        if (name is null)
            errors.AddMalformed(field, Advice);
        else
            secrets[variable.Name] = new SecretReference(name, asFile);
    }

    internal sealed class Converter : JsonConverter<EnvValue>
    {
        // Answers are only written; the reader above is the one that tells mistakes by field.
        public override EnvValue Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, EnvValue value, JsonSerializerOptions options)
        {
            if (value.Secret is not { } secret)
            {
                writer.WriteStringValue(value.Text);
                return;
            }

            writer.WriteStartObject();
            writer.WriteString(SecretField, secret.Name);
            if (secret.AsFile)
                writer.WriteString(AsField, File);
            writer.WriteEndObject();
        }
    }
}
