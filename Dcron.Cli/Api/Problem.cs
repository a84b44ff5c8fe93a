using System.Net;
using System.Text.Json;
using Dcron.Cli.Output;

namespace Dcron.Cli.Api;

/// <summary>A refusal in words: one sentence, then one line a field.</summary>
internal sealed record Problem(string Sentence, IReadOnlyList<Problem.Field> Fields)
{
    /// <summary>Reads RFC 9457 problem details; anything else becomes a sentence about the status.</summary>
    public static Problem Read(int status, ReadOnlySpan<byte> body)
    {
        ProblemBody? details = null;
        try
        {
            details = JsonSerializer.Deserialize(body, ApiJson.Default.ProblemBody);
        }
        catch (JsonException)
        {
            // A proxy's page, or nothing at all: the status has to do.
        }

        var fields = (details?.Errors ?? new Dictionary<string, string[]>()).SelectMany(e => e.Value.Select(message => new Field(e.Key, message))).ToList();
        // Where fields are named they say it all, and the detail would only point at them.
        var sentence = FirstGiven(fields.Count > 0 ? details?.Title : null, details?.Detail, details?.Title) ?? Status(status);
        return new Problem(status switch
        {
            401 => $"{WithPeriod(sentence)} Give a key in the environment variable DCRON_KEY.",
            403 => $"{WithPeriod(sentence)} It takes a key with a larger role.",
            _ => sentence,
        }, fields);
    }

    /// <summary>As it is shown: harmless on a terminal whatever the server wrote.</summary>
    public IEnumerable<string> Lines()
    {
        yield return SafeText.Of(Sentence);
        foreach (var field in Fields)
            yield return $"  {SafeText.Of(field.Name)}: {SafeText.Of(field.Message)}";
    }

    private static string? FirstGiven(params ReadOnlySpan<string?> texts)
    {
        foreach (var text in texts)
        {
            if (!string.IsNullOrWhiteSpace(text))
                return text;
        }

        return null;
    }

    private static string Status(int status) => Enum.IsDefined((HttpStatusCode)status)
        ? $"The server answered {status} ({(HttpStatusCode)status}) without saying why."
        : $"The server answered {status} without saying why.";

    private static string WithPeriod(string sentence) => sentence[^1] is '.' or '!' or '?' ? sentence : sentence + ".";

    /// <param name="Name">The field as the API names it.</param>
    public sealed record Field(string Name, string Message);
}
