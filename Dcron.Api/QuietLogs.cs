using Microsoft.Extensions.Configuration.Memory;

namespace Dcron.Api;

/// <summary>What is logged where nobody says otherwise: without it, and run from a folder without an appsettings.json, each request would write four lines.</summary>
internal static class QuietLogs
{
    private static readonly Dictionary<string, string?> Levels = new()
    {
        ["Logging:LogLevel:Default"] = "Information",
        ["Logging:LogLevel:Microsoft"] = "Warning",
        ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Information",
        ["Logging:LogLevel:Orleans"] = "Warning",
        ["Logging:LogLevel:Orleans.Runtime.SiloLifecycleSubject"] = "None", // what keeps a silo from starting is told once, in a sentence
        ["Logging:LogLevel:Orleans.Runtime.Silo"] = "Critical", // the same with a stack trace, and advice about a garbage collector that is not for a scheduler
        ["Logging:LogLevel:Polly"] = "Warning",
    };

    /// <summary>Below all that is configured.</summary>
    public static void AddTo(IConfigurationBuilder configuration) => configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = Levels });
}
