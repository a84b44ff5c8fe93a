using System.Diagnostics;
using Dcron.Tests.Storage;

namespace Dcron.Tests.Cluster;

/// <summary>Machines with addresses of their own, as network namespaces on one bridge, which can be cut off from each other. Only root may make them.</summary>
internal sealed class Network : IAsyncDisposable
{
    // Out of the block that is reserved for such tests between networks (RFC 2544); one of 256 by chance, so that runs don't meet.
    private readonly string _prefix = $"198.18.{Random.Shared.Next(256)}";
    private readonly string _name = $"dc{Guid.NewGuid():N}"[..8];
    private readonly int _count;

    private Network(int count) => _count = count;

    public static async Task<Network> CreateAsync(int count)
    {
        var network = new Network(count);
        Requirement.Needs(OperatingSystem.IsLinux() && Environment.UserName == "root" && await RunAsync("ip", "link", "add", network._name, "type", "bridge") == 0,
            "only root can make network namespaces, with 'ip' of iproute2");
        try
        {
            await Do("ip", "addr", "add", $"{network._prefix}.1/24", "dev", network._name);
            await Do("ip", "link", "set", network._name, "up");
            for (var i = 0; i < count; i++)
            {
                await network.AddMachineAsync(i);
            }

            return network;
        }
        catch
        {
            await network.DisposeAsync();
            throw;
        }
    }

    public string AddressOf(int machine) => $"{_prefix}.{machine + 11}";

    /// <summary>What runs a command on a machine.</summary>
    public IReadOnlyList<string> On(int machine) => ["ip", "netns", "exec", NamespaceOf(machine)];

    /// <summary>From now on nothing goes between this machine and the other ones.</summary>
    public Task CutAsync(int machine) => ForOthersAsync(machine, "add");

    public Task MendAsync(int machine) => ForOthersAsync(machine, "del");

    public async ValueTask DisposeAsync()
    {
        for (var i = 0; i < _count; i++)
        {
            await RunAsync("ip", "netns", "del", NamespaceOf(i));
        }

        await RunAsync("ip", "link", "del", _name);
    }

    private string NamespaceOf(int machine) => $"{_name}-{machine}";

    private async Task AddMachineAsync(int machine)
    {
        var (name, outer) = (NamespaceOf(machine), $"{_name}{machine}");
        await Do("ip", "netns", "add", name);
        await Do("ip", "link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", name);
        await Do("ip", "link", "set", outer, "master", _name, "up");
        await Do("ip", "-n", name, "addr", "add", $"{AddressOf(machine)}/24", "dev", "eth0");
        await Do("ip", "-n", name, "link", "set", "eth0", "up");
        await Do("ip", "-n", name, "link", "set", "lo", "up");
    }

    private async Task ForOthersAsync(int machine, string verb)
    {
        foreach (var other in Enumerable.Range(0, _count).Where(other => other != machine))
        {
            await Do("ip", "-n", NamespaceOf(machine), "route", verb, "blackhole", $"{AddressOf(other)}/32");
        }
    }

    private static async Task Do(params string[] command) =>
        Assert.True(await RunAsync(command[0], command[1..]) == 0, string.Join(' ', command));

    private static async Task<int> RunAsync(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            return process.ExitCode;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return -1;
        }
    }
}
