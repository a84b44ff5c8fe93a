using System.Globalization;
using System.Reflection;

namespace Dcron.Grains.Processes.Guarding;

/// <summary>How the guard is started.</summary>
/// <param name="Executable">Absolute path.</param>
internal sealed record GuardCommand(string Executable, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment)
{
    /// <summary>A program with <see cref="GuardProgram.Argument"/>: this executable itself, or the library where <c>dotnet</c> runs this one.</summary>
    public static GuardCommand Of(Assembly library)
    {
        var program = System.Environment.ProcessPath ?? throw new InvalidOperationException("The path of this program is not known.");
        var isHost = Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        string[] arguments = isHost ? [library.Location, GuardProgram.Argument] : [GuardProgram.Argument];
        return new GuardCommand(program, arguments, SmallRuntime());
    }

    /// <summary>An environment in which .NET stays small, with nothing of the node's own: it may hold secrets.</summary>
    public static IReadOnlyDictionary<string, string> SmallRuntime()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["DOTNET_gcServer"] = "0",
            ["DOTNET_gcConcurrent"] = "0",
            ["DOTNET_GCgen0size"] = "80000",
            ["DOTNET_GCHeapHardLimit"] = "4000000",
            ["DOTNET_TieredPGO"] = "0",
            ["DOTNET_EnableWriteXorExecute"] = "0", // maps compiled code twice, for what may load foreign code
            ["DOTNET_EnableDiagnostics"] = "0",
            ["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1",
        };
        var root = string.Create(CultureInfo.InvariantCulture, $"DOTNET_ROOT_{System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture}").ToUpperInvariant();
        foreach (var name in (string[])["DOTNET_ROOT", root])
        {
            if (System.Environment.GetEnvironmentVariable(name) is { Length: > 0 } value)
            {
                variables[name] = value;
            }
        }

        return variables;
    }
}
