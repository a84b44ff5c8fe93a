using System.Reflection;
using System.Security.Cryptography;
using System.Text;
using Dcron.Grains.Executions;
using Dcron.Grains.Interpreters;

namespace Dcron.Grains.Workers;

/// <summary>What a launch runs with on this node.</summary>
internal static class LaunchProvenance
{
    private static readonly string Node = typeof(LaunchProvenance).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
    private static readonly string Host = Environment.MachineName; // asks the kernel each time

    public static Provenance Of(ExecuteJob launch, Interpreter? interpreter) => new()
    {
        InterpreterVersion = interpreter?.Version,
        InterpreterPath = interpreter?.Path,
        EnvironmentSha256 = HashOf(launch),
        Host = Host,
        NodeVersion = Node,
        TzVersion = launch.TzVersion,
    };

    /// <summary>Of the job's own variables; a secret counts by its reference, since the hash of a short value would give it away.</summary>
    /// <returns>Null where the job sets none.</returns>
    public static string? HashOf(ExecuteJob launch)
    {
        if (launch.Env.Count == 0 && launch.Secrets is not { Count: > 0 })
        {
            return null;
        }

        var variables = launch.Env.Select(pair => $"{pair.Key}={pair.Value}\0")
            .Concat((launch.Secrets ?? new Dictionary<string, Secrets.SecretReference>()).Select(pair => $"{pair.Key}={(pair.Value.AsFile ? "secret_file" : "secret")}:{pair.Value.Name}\0"))
            .Order(StringComparer.Ordinal);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(variables))));
    }
}
