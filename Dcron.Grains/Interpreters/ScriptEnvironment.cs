using System.Globalization;
using Dcron.Grains.Executions;
using Dcron.Grains.Processes;

namespace Dcron.Grains.Interpreters;

/// <summary>The environment of a script: a plain one, what dcron tells it, and what its job sets. Nothing of the node's own gets into it.</summary>
internal static class ScriptEnvironment
{
    private const string PlainPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <param name="launch">Its <see cref="ExecuteJob.Env"/> wins over all but the variables that begin with <c>DCRON_</c>.</param>
    /// <param name="interpreter">Its folder leads the PATH where it is not a plain one, so that a script finds the tools that come with it.</param>
    /// <param name="home">The working folder, as the script sees it.</param>
    /// <param name="temp">Where temporary files go: the same under another name, so that they go with it.</param>
    public static IReadOnlyDictionary<string, string> Build(ExecuteJob launch, Interpreter interpreter, string home, string temp)
    {
        var variables = new Dictionary<string, string>(12 + interpreter.Environment.Count + launch.Env.Count, StringComparer.Ordinal)
        {
            ["PATH"] = PathFor(interpreter),
            ["HOME"] = home,
            ["TMPDIR"] = temp,
            ["LANG"] = "C.UTF-8",
        };
        foreach (var (name, value) in interpreter.Environment)
        {
            variables[name] = value;
        }

        foreach (var (name, value) in launch.Env)
        {
            variables[name] = value;
        }

        var id = launch.ExecutionId;
        variables["DCRON_JOB_ID"] = launch.JobId.ToString();
        variables["DCRON_JOB_NAME"] = launch.JobName ?? "";
        variables[ScriptCommand.ExecutionVariable] = id.ToString();
        variables["DCRON_FIRE_TIME"] = id.FireTime.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        variables["DCRON_ATTEMPT"] = id.Attempt.ToString(CultureInfo.InvariantCulture);
        return variables;
    }

    private static string PathFor(Interpreter interpreter)
    {
        var folder = Path.GetDirectoryName(interpreter.Path) ?? "/";
        return PlainPath.Split(':').Contains(folder) ? PlainPath : $"{folder}:{PlainPath}";
    }
}
