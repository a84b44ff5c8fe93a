using Dcron.Grains.Access;

namespace Dcron.Api.Access;

/// <summary>The namespaces that a caller may work in: all, or the named ones.</summary>
internal sealed class NamespaceScope
{
    /// <summary>How "all" is written where names stand.</summary>
    public const string AllText = "*";

    public static readonly NamespaceScope All = new(null);

    private NamespaceScope(IReadOnlyList<string>? names) => Names = names;

    /// <summary>In order, without repeats; null for all.</summary>
    public IReadOnlyList<string>? Names { get; }

    public bool IsAll => Names is null;

    /// <summary>Where a job or a secret belongs whose maker names no namespace: the only one that the caller has, otherwise the default.</summary>
    public string Own => Names is [{ } only] ? only : Namespaces.Default;

    /// <param name="names">Null, or with <c>*</c> among them, for all; names that can't be are left out.</param>
    public static NamespaceScope Of(IEnumerable<string>? names)
    {
        var list = names?.ToList();
        return list is null || list.Contains(AllText)
            ? All
            : new NamespaceScope([.. list.Where(Namespaces.IsName).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
    }

    public bool Allows(string name) => Names is null || Names.Contains(name, StringComparer.Ordinal);

    public bool Covers(NamespaceScope other) => IsAll || (other.Names is { } names && names.All(Allows));

    public IReadOnlyList<string> ToList() => Names ?? [AllText];

    public override string ToString() => Names is null ? "all namespaces" : Names.Count == 0 ? "no namespace" : string.Join(", ", Names);
}
