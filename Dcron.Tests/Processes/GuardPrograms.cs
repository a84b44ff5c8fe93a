using Dcron.Grains.Processes.Guarding;

namespace Dcron.Tests.Processes;

internal static class GuardPrograms
{
    /// <summary>The node's own program, as it lies beside the tests.</summary>
    public static GuardCommand OfTests()
    {
        var library = Path.Combine(AppContext.BaseDirectory, "Dcron.Silo.dll");
        return new GuardCommand(Programs.Need("dotnet"), [library, GuardProgram.Argument], GuardCommand.SmallRuntime());
    }
}
