namespace Dcron.Tests.Storage;

/// <summary>What a test needs of the machine: where it is missing the test is skipped with the reason, and fails on CI.</summary>
internal static class Requirement
{
    public static void Needs(bool met, string reason)
    {
        if (!met && string.Equals(Environment.GetEnvironmentVariable("CI"), "true", StringComparison.OrdinalIgnoreCase))
        {
            Assert.Fail($"CI must be able to run this test: {reason}");
        }

        Skip.IfNot(met, reason);
    }
}
