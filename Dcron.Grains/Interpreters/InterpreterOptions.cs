namespace Dcron.Grains.Interpreters;

/// <summary>One interpreter under <c>Dcron:Worker:Interpreters:{name}</c>. What is left out comes from the default of that name, if it has one.</summary>
public sealed class InterpreterOptions
{
    /// <summary>A program: a name that is looked up in the node's PATH, or an absolute path. Its own default is the name of the interpreter.</summary>
    public string? Command { get; set; }

    /// <summary>
    /// Its arguments. <c>{script}</c> stands for the path of the script (anywhere in an argument), <c>{args}</c>, as an argument by itself, for
    /// the job's arguments. Default: <c>["{script}", "{args}"]</c>.
    /// </summary>
    public string[]? Arguments { get; set; }

    /// <summary>
    /// Arguments that make it print its version on the first line. A second line that is the absolute path of a program is
    /// what is run from then on: so the shims of version managers, which cost more than many scripts, are passed by. Default:
    /// <c>["--version"]</c>.
    /// </summary>
    public string[]? Probe { get; set; }

    /// <summary>False to not offer it.</summary>
    public bool Enabled { get; set; } = true;
}
