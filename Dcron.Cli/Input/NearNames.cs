namespace Dcron.Cli.Input;

/// <summary>Finds what somebody may have meant.</summary>
internal static class NearNames
{
    private const int AtMost = 3;

    /// <returns>The nearest first, three at most.</returns>
    public static IReadOnlyList<string> Of(string wanted, IEnumerable<string> names) =>
    [
        .. names.Distinct(StringComparer.Ordinal)
            .Select(name => (name, distance: Distance(wanted, name)))
            .Where(n => n.distance <= Math.Max(2, wanted.Length / 3))
            .OrderBy(n => n.distance).ThenBy(n => n.name, StringComparer.Ordinal)
            .Take(AtMost).Select(n => n.name),
    ];

    /// <summary>How many letters to add, drop, change or swap with their neighbour; a whole name inside the other counts as one.</summary>
    private static int Distance(string wanted, string name)
    {
        var (a, b) = (wanted.ToUpperInvariant(), name.ToUpperInvariant());
        if (a.Length > 2 && b.Length > 2 && (a.Contains(b, StringComparison.Ordinal) || b.Contains(a, StringComparison.Ordinal)))
            return a == b ? 0 : 1;

        var rows = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            rows[i, 0] = i;
        for (var j = 0; j <= b.Length; j++)
            rows[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var change = rows[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                rows[i, j] = Math.Min(change, Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
            }
        }

        return rows[a.Length, b.Length];
    }
}
