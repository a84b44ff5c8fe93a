using System.Diagnostics.CodeAnalysis;

namespace Dcron.Grains.Access;

/// <summary>
/// Namespaces divide a cluster between people: a job and a secret belong to one, and a key may be limited to some. A namespace is a name, 1 to 40
/// lower case letters, digits and hyphens that begins and ends with a letter or digit; it is there as soon as something is in it.
/// </summary>
public static class Namespaces
{
    /// <summary>Where everything is that names no other. Stored as null, as in documents from before there were namespaces.</summary>
    public const string Default = "default";

    public const int MaxLength = 40;

    /// <summary>What a name must be, for messages.</summary>
    public const string Form = "1 to 40 lower case letters, digits and hyphens, beginning and ending with a letter or digit";

    public static bool IsName([NotNullWhen(true)] string? text) =>
        text is { Length: >= 1 and <= MaxLength } && text[0] != '-' && text[^1] != '-'
        && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    /// <summary>The name as it is stored: null for the default.</summary>
    public static string? ToStored(string name) => name == Default ? null : name;

    /// <summary>The name of what was stored.</summary>
    public static string FromStored(string? stored) => stored ?? Default;
}
