using System.Globalization;
using System.Text.RegularExpressions;
using Dcron.Grains.Workers;
using Dcron.Tests.Storage;

namespace Dcron.Tests.Deploy;

/// <summary>The units, judged by <c>systemd-analyze</c>. They were not started: that needs systemd as process 1.</summary>
public sealed partial class SystemdTests
{
    [SkippableTheory]
    [InlineData("dcron.service", "33")] // scripts' sandboxes need namespaces and mounts
    [InlineData("dcron-front-end.service", "25")]
    public async Task A_unit_is_valid_and_hardened(string unit, string exposure)
    {
        DeployFiles.Needs(DeployFiles.Find("systemd-analyze") is not null, "it needs systemd-analyze; on Debian 'sudo apt-get install systemd' brings it");

        // It wants the program to be there, which on this machine may be elsewhere.
        using var folder = new TempFolder();
        var path = folder.Of(unit);
        await File.WriteAllTextAsync(path, DeployFiles.Read("systemd", unit).Replace("/usr/bin/dotnet", DeployFiles.Find("dotnet"), StringComparison.Ordinal));

        Assert.Equal("", await DeployFiles.FaultsAsync("systemd-analyze", "verify", path));
        Assert.Equal("", await DeployFiles.FaultsAsync("systemd-analyze", "security", "--offline=true", $"--threshold={exposure}", path));
    }

    [Fact]
    public void A_node_may_make_what_scripts_sandboxes_need()
    {
        var lines = DeployFiles.Read("systemd", "dcron.service").Split('\n');
        Assert.Contains("RestrictNamespaces=user mnt pid ipc uts net", lines);
        Assert.Contains("SystemCallFilter=@system-service @mount", lines);
        Assert.All(new[] { "ProtectKernelTunables", "ProtectKernelLogs", "ProtectControlGroups" }, over => Assert.Contains(over + "=no", lines)); // a mount over /proc forbids another /proc
    }

    [Fact]
    public void A_node_has_the_time_to_end()
    {
        var worker = new WorkerOptions();
        var seconds = int.Parse(StopSeconds().Match(DeployFiles.Read("systemd", "dcron.service")).Groups["seconds"].Value, CultureInfo.InvariantCulture);

        Assert.InRange(seconds, worker.ShutdownGraceSeconds + worker.StopGraceSeconds + 15, 600);
    }

    [GeneratedRegex(@"^TimeoutStopSec=(?<seconds>\d+)$", RegexOptions.Multiline)]
    private static partial Regex StopSeconds();
}
