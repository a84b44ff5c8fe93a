namespace Dcron.Grains.Secrets;

/// <summary>Names a secret of the job's namespace whose value a script is to get. The value itself is read by the worker, at the launch.</summary>
/// <param name="Name">The secret.</param>
/// <param name="AsFile">True to get the path of a file that holds the value, false to get the value itself.</param>
[GenerateSerializer, Immutable, Alias("dcron.secret-reference")]
public sealed record SecretReference(
    [property: Id(0)] string Name,
    [property: Id(1)] bool AsFile = false)
{
    public const int MaxNameLength = 63;

    /// <summary>What a name must be, for messages.</summary>
    public const string NameForm = "1 to 63 lower case letters, digits, '.', '_' and '-', beginning with a letter or digit";

    /// <summary>Whether a text can be a secret's name.</summary>
    public static bool IsName(string? text) =>
        text is { Length: >= 1 and <= MaxNameLength } && char.IsAsciiLetterOrDigit(text[0])
        && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '.' or '_' or '-');
}
