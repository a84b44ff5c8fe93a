using System.Diagnostics;
using System.Collections.Frozen;
using Microsoft.Extensions.Logging;

namespace Dcron.Grains.Interpreters;

/// <summary>The interpreters of this worker, found once at start-up.</summary>
internal sealed partial class InterpreterCatalog
{
    private InterpreterCatalog(FrozenDictionary<string, Interpreter> interpreters) => Interpreters = interpreters;

    /// <summary>A catalogue of these, without looking for them.</summary>
    internal static InterpreterCatalog Of(params IEnumerable<Interpreter> interpreters) =>
        new(interpreters.ToFrozenDictionary(interpreter => interpreter.Name, StringComparer.Ordinal));

    /// <summary>By name. What was not found is not in it.</summary>
    public IReadOnlyDictionary<string, Interpreter> Interpreters { get; }

    /// <summary>Name to version, as the cluster is told.</summary>
    public IReadOnlyDictionary<string, string> Versions =>
        Interpreters.ToDictionary(pair => pair.Key, pair => pair.Value.Version, StringComparer.Ordinal);

    /// <summary>Looks for all interpreters at the same time. One that is missing, broken or slow is logged and left out.</summary>
    /// <param name="configured"><c>Dcron:Worker:Interpreters</c>.</param>
    /// <param name="preludeFolder">A folder for the files that some interpreters load first; it is created.</param>
    /// <param name="path">The PATH to look in.</param>
    /// <param name="time">For the time limit.</param>
    /// <param name="logger">Hears what was found.</param>
    /// <param name="asScript">The command that tries a program as scripts will run it; null where that is no different.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public static async Task<InterpreterCatalog> FindAsync(
        IReadOnlyDictionary<string, InterpreterOptions> configured,
        string preludeFolder,
        string path,
        TimeProvider time,
        ILogger<InterpreterCatalog> logger,
        ScriptTrial? asScript = null,
        CancellationToken cancellationToken = default)
    {
        RubyPrelude.WriteTo(preludeFolder);
        var searches = InterpreterDefinition.All(configured, preludeFolder).Select(definition => FindAsync(definition, path, time, logger, asScript, cancellationToken));
        var found = await Task.WhenAll(searches);
        return new InterpreterCatalog(found.OfType<Interpreter>().ToFrozenDictionary(interpreter => interpreter.Name, StringComparer.Ordinal));
    }

    private static async Task<Interpreter?> FindAsync(
        InterpreterDefinition definition, string path, TimeProvider time, ILogger logger, ScriptTrial? asScript, CancellationToken cancellationToken)
    {
        var reasons = new List<string>();
        foreach (var candidate in definition.Candidates)
        {
            var programs = SearchPath.FindAll(candidate, path);
            if (programs.Count == 0)
            {
                reasons.Add($"{candidate} is not in the PATH of this node");
            }

            foreach (var program in programs)
            {
                switch (await TryAsync(definition, program, path, time, asScript, cancellationToken))
                {
                    case ProbeResult.Answered answer:
                        LogFound(logger, definition.Name, answer.Version, answer.Program);
                        return new Interpreter(definition.Name, answer.Program, answer.Version, definition.Arguments, definition.Environment);
                    case ProbeResult.Failed failure:
                        reasons.Add(failure.Reason);
                        break;
                    case var other:
                        throw new UnreachableException($"{other}");
                }
            }
        }

        LogMissing(logger, definition.Name, string.Join("; ", reasons));
        return null;
    }

    private static async Task<ProbeResult> TryAsync(
        InterpreterDefinition definition, string program, string path, TimeProvider time, ScriptTrial? asScript, CancellationToken cancellationToken)
    {
        var result = await InterpreterProbe.RunAsync(program, definition.Probe, path, time, cancellationToken);
        if (result is not ProbeResult.Answered answer || asScript?.Invoke(answer.Program, definition.Probe) is not { } trial)
        {
            return result;
        }

        return await InterpreterProbe.RunAsync(trial.Program, trial.Arguments, path, time, cancellationToken) is ProbeResult.Failed failed
            ? new ProbeResult.Failed($"{answer.Program} can't be run by the user that scripts run as ({failed.Reason})")
            : answer;
    }
}

/// <summary>The command that runs a program as scripts would run it; null where that is no different from the node.</summary>
internal delegate (string Program, IReadOnlyList<string> Arguments)? ScriptTrial(string program, IReadOnlyList<string> arguments);

/// <summary>Finds programs the way a shell does.</summary>
internal static class SearchPath
{
    /// <returns>Absolute path of an executable file; null when there is none.</returns>
    public static string? Find(string command, string path) => FindAll(command, path) is [var first, ..] ? first : null;

    /// <returns>All that there are, in the order of the path.</returns>
    public static IReadOnlyList<string> FindAll(string command, string path)
    {
        var paths = command.Contains('/')
            ? [Path.GetFullPath(command)]
            : path.Split(':', StringSplitOptions.RemoveEmptyEntries).Where(Path.IsPathRooted).Select(folder => Path.Combine(folder, command));
        return [.. paths.Where(IsExecutable).Distinct()];
    }

    public static bool IsExecutable(string path)
    {
        const UnixFileMode anyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return OperatingSystem.IsLinux() && File.Exists(path) && (File.GetUnixFileMode(path) & anyExecute) != 0;
    }
}
