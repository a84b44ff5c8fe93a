using System.Diagnostics;
using System.Collections.Frozen;
using Microsoft.Extensions.Logging;

namespace Dcron.Grains.Interpreters;

/// <summary>The interpreters of this worker, found once at start-up.</summary>
internal sealed partial class InterpreterCatalog
{
    private InterpreterCatalog(FrozenDictionary<string, Interpreter> interpreters) => Interpreters = interpreters;

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
    /// <param name="cancellationToken">Ends the search.</param>
    public static async Task<InterpreterCatalog> FindAsync(
        IReadOnlyDictionary<string, InterpreterOptions> configured,
        string preludeFolder,
        string path,
        TimeProvider time,
        ILogger<InterpreterCatalog> logger,
        CancellationToken cancellationToken = default)
    {
        RubyPrelude.WriteTo(preludeFolder);
        var searches = InterpreterDefinition.All(configured, preludeFolder).Select(definition => FindAsync(definition, path, time, logger, cancellationToken));
        var found = await Task.WhenAll(searches);
        return new InterpreterCatalog(found.OfType<Interpreter>().ToFrozenDictionary(interpreter => interpreter.Name, StringComparer.Ordinal));
    }

    private static async Task<Interpreter?> FindAsync(
        InterpreterDefinition definition, string path, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var reasons = new List<string>();
        foreach (var candidate in definition.Candidates)
        {
            if (SearchPath.Find(candidate, path) is not { } program)
            {
                reasons.Add($"{candidate} is not in the PATH of this node");
                continue;
            }

            switch (await InterpreterProbe.RunAsync(program, definition.Probe, path, time, cancellationToken))
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

        LogMissing(logger, definition.Name, string.Join("; ", reasons));
        return null;
    }
}

/// <summary>Finds programs the way a shell does.</summary>
internal static class SearchPath
{
    /// <returns>Absolute path of an executable file; null when there is none.</returns>
    public static string? Find(string command, string path)
    {
        if (command.Contains('/'))
        {
            var full = Path.GetFullPath(command);
            return IsExecutable(full) ? full : null;
        }

        return path.Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Where(Path.IsPathRooted)
            .Select(folder => Path.Combine(folder, command))
            .FirstOrDefault(IsExecutable);
    }

    public static bool IsExecutable(string path)
    {
        const UnixFileMode anyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return OperatingSystem.IsLinux() && File.Exists(path) && (File.GetUnixFileMode(path) & anyExecute) != 0;
    }
}
