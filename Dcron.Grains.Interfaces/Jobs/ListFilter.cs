using System.Text;
using Dcron.Grains.Access;

namespace Dcron.Grains.Jobs;

/// <summary>
/// The text in a job's index row that name, state and label filters are answered from, so that a listing that filters
/// 100,000 jobs reads rows of an index and only the documents that it shows.
/// </summary>
/// <remarks>
/// Lines: <c>1</c> or <c>0</c> for enabled, with the namespace after a space unless it is the default; the name in lower case; then one
/// <c>label=value</c> a line. None of them can contain a line break.
/// </remarks>
public static class ListFilter
{
    public static string Of(JobSpec spec)
    {
        var text = new StringBuilder().Append(spec.Enabled ? '1' : '0');
        if (spec.Namespace is not null)
        {
            text.Append(' ').Append(spec.Namespace);
        }

        text.Append('\n').Append(spec.Name?.ToLowerInvariant());
        foreach (var (label, value) in spec.Labels.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            text.Append('\n').Append(label).Append('=').Append(value);
        }

        return text.ToString();
    }

    /// <summary>The namespace of what <see cref="Of"/> wrote.</summary>
    public static string NamespaceOf(string text)
    {
        var end = text.IndexOf('\n', StringComparison.Ordinal);
        var first = end < 0 ? text : text[..end];
        return first.Length > 2 ? first[2..] : Namespaces.Default;
    }

    /// <param name="text">What <see cref="Of"/> wrote.</param>
    /// <param name="name">Part of the name in any case; null for all.</param>
    /// <param name="enabled">Null for all.</param>
    /// <param name="label"><c>label=value</c>, or <c>label</c> for any value; null for all.</param>
    /// <param name="namespaces">The namespaces that the job may be in; null for all.</param>
    public static bool Matches(string text, string? name, bool? enabled, string? label, IReadOnlyCollection<string>? namespaces = null)
    {
        var lines = text.Split('\n');
        return (enabled is null || lines[0][0] == (enabled.Value ? '1' : '0'))
            && (namespaces is null || namespaces.Contains(NamespaceOf(text)))
            && (name is null || lines[1].Contains(name.ToLowerInvariant(), StringComparison.Ordinal))
            && (label is null || lines.Skip(2).Any(line => line == label || (!label.Contains('=') && line.StartsWith(label + "=", StringComparison.Ordinal))));
    }
}
