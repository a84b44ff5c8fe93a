using Dcron.Grains.Processes;

namespace Dcron.Grains.Interpreters;

/// <summary>An interpreter as it is configured, before anybody looked for it.</summary>
/// <param name="Candidates">Names or paths to try in order.</param>
/// <param name="Environment">What its scripts get unless their job says otherwise.</param>
internal sealed record InterpreterDefinition(
    string Name,
    IReadOnlyList<string> Candidates,
    IReadOnlyList<string> Arguments,
    IReadOnlyList<string> Probe,
    IReadOnlyDictionary<string, string> Environment)
{
    public const string ScriptPlaceholder = "{script}";
    public const string ArgsPlaceholder = "{args}";

    private static readonly IReadOnlyDictionary<string, string> NoVariables = new Dictionary<string, string>();

    /// <summary>The interpreters that are looked for without being configured, changed and joined by those that are.</summary>
    /// <param name="configured">By name.</param>
    /// <param name="preludeFolder">Where the files are that some interpreters load first.</param>
    public static IReadOnlyList<InterpreterDefinition> All(IReadOnlyDictionary<string, InterpreterOptions> configured, string preludeFolder)
    {
        var definitions = Defaults(preludeFolder).ToDictionary(definition => definition.Name, StringComparer.Ordinal);
        foreach (var (name, options) in configured)
        {
            if (!options.Enabled)
            {
                definitions.Remove(name);
                continue;
            }

            var known = definitions.GetValueOrDefault(name);
            definitions[name] = new InterpreterDefinition(
                name,
                options.Command is { Length: > 0 } command ? [command] : known?.Candidates ?? [name],
                options.Arguments is { Length: > 0 } arguments ? arguments : known?.Arguments ?? [ScriptPlaceholder, ArgsPlaceholder],
                options.Probe is { Length: > 0 } probe ? probe : known?.Probe ?? ["--version"],
                known?.Environment ?? NoVariables);
        }

        return [.. definitions.Values];
    }

    private static IEnumerable<InterpreterDefinition> Defaults(string preludeFolder)
    {
        // Unbuffered, because a log is followed while the script runs, and because only so do the lines of both streams keep their order.
        yield return new InterpreterDefinition(
            "python",
            ["python3", "python"],
            [ScriptPlaceholder, ArgsPlaceholder],
            ["-c", "import sys; print(sys.version.split()[0]); print(sys.executable)"],
            new Dictionary<string, string> { ["PYTHONUNBUFFERED"] = "1" });

        // Ruby has no variable for it. A prelude leaves $0, __FILE__ and ARGV as they are, which loading the script from -e would not.
        yield return new InterpreterDefinition(
            "ruby",
            ["ruby"],
            ["-r" + RubyPrelude.PathIn(preludeFolder), ScriptPlaceholder, ArgsPlaceholder],
            ["-e", "puts RUBY_VERSION, RbConfig.ruby"],
            NoVariables);
    }
}

/// <summary>The file that Ruby loads before each script.</summary>
internal static class RubyPrelude
{
    private const string Text = "$stdout.sync = $stderr.sync = true\n";

    public static string PathIn(string folder) => Path.Combine(folder, "prelude.rb");

    public static void WriteTo(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(PathIn(folder), Text);
    }
}
