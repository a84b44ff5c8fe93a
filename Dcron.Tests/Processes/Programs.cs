using Dcron.Grains.Interpreters;

namespace Dcron.Tests.Processes;

/// <summary>Programs that tests need and a machine may lack.</summary>
internal static class Programs
{
    /// <summary>Skips the test where the program is missing, and fails it on CI, where it must not be.</summary>
    public static string Need(string name)
    {
        var found = SearchPath.Find(name, Environment.GetEnvironmentVariable("PATH") ?? "");
        Unless(found is not null, $"{name} is not in the PATH");
        return found!;
    }

    public static void Unless(bool there, string reason)
    {
        if (!there && Environment.GetEnvironmentVariable("CI") == "true")
        {
            Assert.Fail($"On CI nothing may be missing: {reason}.");
        }

        Skip.IfNot(there, reason);
    }
}
