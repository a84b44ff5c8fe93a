namespace Dcron.Cli.Input;

/// <summary>Tells by its form what a text names.</summary>
internal static class TextKinds
{
    private const int GeneratedIdLength = 20;

    /// <summary><c>job@20260329T010000Z</c> and its kin.</summary>
    public static bool IsExecutionId(string text) =>
        text.IndexOf('@', StringComparison.Ordinal) is var at and > 0 && MayBeJobId(text[..at]) && at + 15 < text.Length && text[at + 9] == 'T';

    /// <summary>Any id that a server could know.</summary>
    public static bool MayBeJobId(string text) =>
        text.Length is >= 1 and <= 40 && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c));

    /// <summary>An id as servers make them; few would name a job so.</summary>
    public static bool LooksGenerated(string text) => text.Length == GeneratedIdLength && MayBeJobId(text) && char.IsAsciiDigit(text[0]);
}
