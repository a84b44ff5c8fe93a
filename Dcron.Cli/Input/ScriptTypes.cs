namespace Dcron.Cli.Input;

/// <summary>Guesses the interpreter from a file's name.</summary>
internal static class ScriptTypes
{
    /// <returns>Null when the name tells nothing.</returns>
    public static string? Guess(string name) => Path.GetExtension(name).ToUpperInvariant() switch
    {
        ".PY" => "python",
        ".RB" => "ruby",
        _ => null,
    };
}
