namespace Dcron.Api;

/// <summary>What every process of dcron tells its host.</summary>
public static class HostSettings
{
    /// <summary>
    /// The command line, and that configuration is read once. To hear of changes to appsettings.json, .NET watches everything below the current folder, where
    /// the data folder usually is: each file of each execution would wake it. An argument of the caller's own wins.
    /// </summary>
    public static string[] Of(string[] args) => ["--hostBuilder:reloadConfigOnChange=false", .. args];
}
