using System.Text;

namespace Dcron.Grains.Jobs;

/// <summary>
/// The text in a job's index row that name, state and label filters are answered from, so that a listing that filters
/// 100,000 jobs reads rows of an index and only the documents that it shows.
/// </summary>
/// <remarks>Lines: <c>1</c> or <c>0</c> for enabled, the name in lower case, then one <c>label=value</c> a line. None of them can contain a line break.</remarks>
public static class ListFilter
{
    public static string Of(JobSpec spec)
    {
        var text = new StringBuilder().Append(spec.Enabled ? '1' : '0').Append('\n').Append(spec.Name?.ToLowerInvariant());
        foreach (var (label, value) in spec.Labels.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            text.Append('\n').Append(label).Append('=').Append(value);
        }

        return text.ToString();
    }

    /// <param name="text">What <see cref="Of"/> wrote.</param>
    /// <param name="name">Part of the name in any case; null for all.</param>
    /// <param name="enabled">Null for all.</param>
    /// <param name="label"><c>label=value</c>, or <c>label</c> for any value; null for all.</param>
    public static bool Matches(string text, string? name, bool? enabled, string? label)
    {
        var lines = text.Split('\n');
        return (enabled is null || lines[0] == (enabled.Value ? "1" : "0"))
            && (name is null || lines[1].Contains(name.ToLowerInvariant(), StringComparison.Ordinal))
            && (label is null || lines.Skip(2).Any(line => line == label || (!label.Contains('=') && line.StartsWith(label + "=", StringComparison.Ordinal))));
    }
}
