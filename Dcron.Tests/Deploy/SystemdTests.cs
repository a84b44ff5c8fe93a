using System.Globalization;
using System.Text.RegularExpressions;
using Dcron.Grains.Workers;
using Dcron.Tests.Storage;

namespace Dcron.Tests.Deploy;

/// <summary>The units, judged by <c>systemd-analyze</c>. They were not started: that needs systemd as process 1.</summary>
public sealed partial class SystemdTests
{
    [SkippableTheory]
    [InlineData("dcron.service")]
    [InlineData("dcron-front-end.service")]
    public async Task A_unit_is_valid_and_hardened(string unit)
    {
        DeployFiles.Needs(DeployFiles.Find("systemd-analyze") is not null, "it needs systemd-analyze; on Debian 'sudo apt-get install systemd' brings it");

        // It wants the program to be there, which on this machine may be elsewhere.
        using var folder = new TempFolder();
        var path = folder.Of(unit);
        await File.WriteAllTextAsync(path, DeployFiles.Read("systemd", unit).Replace("/usr/bin/dotnet", DeployFiles.Find("dotnet"), StringComparison.Ordinal));

        Assert.Equal("", await DeployFiles.FaultsAsync("systemd-analyze", "verify", path));
        Assert.Equal("", await DeployFiles.FaultsAsync("systemd-analyze", "security", "--offline=true", "--threshold=25", path));
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
