namespace Dcron.Grains.Interpreters;

/// <summary>An interpreter that this worker has.</summary>
/// <param name="Name">The <c>script_type</c> of jobs that need it.</param>
/// <param name="Path">Absolute path of the program itself.</param>
/// <param name="Version">As it says, such as <c>3.12.4</c>.</param>
/// <param name="Arguments">With placeholders: see <see cref="InterpreterOptions.Arguments"/>.</param>
/// <param name="Environment">What its scripts get unless their job says otherwise.</param>
internal sealed record Interpreter(
    string Name,
    string Path,
    string Version,
    IReadOnlyList<string> Arguments,
    IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>The arguments that run a script.</summary>
    /// <param name="script">Absolute path.</param>
    /// <param name="args">The job's own arguments; each stays one argument, whatever is in it.</param>
    public IReadOnlyList<string> BuildArguments(string script, IReadOnlyList<string> args)
    {
        var built = new List<string>(Arguments.Count + args.Count);
        foreach (var argument in Arguments)
        {
            if (argument == InterpreterDefinition.ArgsPlaceholder)
            {
                built.AddRange(args);
            }
            else
            {
                built.Add(argument.Replace(InterpreterDefinition.ScriptPlaceholder, script, StringComparison.Ordinal));
            }
        }

        return built;
    }
}
