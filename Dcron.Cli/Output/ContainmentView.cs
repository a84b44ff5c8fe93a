using System.Globalization;
using Dcron.Cli.Api;

namespace Dcron.Cli.Output;

/// <summary>Containment for people.</summary>
internal static class ContainmentView
{
    /// <summary>Few words, for a column.</summary>
    public static string Short(ContainmentBody? containment) => containment is null ? Shown.Nothing
        : $"{(containment.Sandbox == "none" ? "no sandbox" : containment.Sandbox)}, {User(containment.User)}, {containment.LimitsBy}";

    public static string Whole(ContainmentBody? containment) => containment is null ? Shown.Nothing
        : string.Create(CultureInfo.InvariantCulture,
            $"{(containment.Sandbox == "none" ? "no sandbox" : containment.Sandbox)}, {User(containment.User)}{(containment.UserId is { } id ? $" ({id})" : "")}, {(containment.Network ? "network" : "no network")}, limits by {containment.LimitsBy}: {Limits(containment.Limits)}");

    public static string Limits(LimitsBody? limits)
    {
        List<string> parts = [];
        if (limits?.MemoryBytes is { } memory)
            parts.Add($"memory {Shown.Size(memory)}");
        if (limits?.Processes is { } processes)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"processes {processes}"));
        if (limits?.OpenFiles is { } files)
            parts.Add(string.Create(CultureInfo.InvariantCulture, $"open files {files}"));
        if (limits?.CpuSeconds is { } seconds)
            parts.Add($"processor {Shown.Duration(TimeSpan.FromSeconds(seconds))}");
        if (limits?.FileSizeBytes is { } size)
            parts.Add($"file size {Shown.Size(size)}");
        if (limits?.DiskBytes is { } disk)
            parts.Add($"disk {Shown.Size(disk)}");
        return parts.Count == 0 ? Shown.Nothing : string.Join(", ", parts);
    }

    public static string Use(UseBody? use) => use is null ? Shown.Nothing
        : $"{Shown.Duration(TimeSpan.FromSeconds(use.CpuSeconds))} of processor time{(use.MemoryPeakBytes is { } peak ? $", {Shown.Size(peak)} of memory at most" : "")}";

    private static string User(string user) => user switch
    {
        "own" => "a user of its own",
        "shared" => "one user for all",
        _ => "the node's user",
    };
}
