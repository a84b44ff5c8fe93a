namespace Dcron.Api.Requests;

/// <summary>Finds what somebody may have meant by a name that does not exist.</summary>
internal static class Suggestion
{
    /// <returns>The nearest known name, or null when none is near.</returns>
    public static string? For(string unknown, IEnumerable<string> known, IReadOnlyDictionary<string, string>? synonyms = null)
    {
        var text = unknown.Replace('-', '_').Trim().ToLowerInvariant();
        if (text.Length is 0 or > 60)
            return null;
        if (synonyms is not null && synonyms.TryGetValue(text.Replace("_", "", StringComparison.Ordinal), out var meant))
            return meant;

        var best = known
            .Select(name => (Name: name, Distance: Distance(text.Replace("_", "", StringComparison.Ordinal), name.Replace("_", "", StringComparison.Ordinal))))
            .OrderBy(candidate => candidate.Distance)
            .FirstOrDefault();
        return best.Name is not null && best.Distance <= Math.Max(1, text.Length / 3) ? best.Name : null;
    }

    /// <summary>How many letters must be changed, added, left out or swapped with their neighbour to get from one name to the other.</summary>
    internal static int Distance(string a, string b)
    {
        var (before, last) = (new int[b.Length + 1], Enumerable.Range(0, b.Length + 1).ToArray());
        for (var i = 1; i <= a.Length; i++)
        {
            var row = new int[b.Length + 1];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                row[j] = Math.Min(Math.Min(last[j] + 1, row[j - 1] + 1), last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    row[j] = Math.Min(row[j], before[j - 2] + 1);
            }

            (before, last) = (last, row);
        }

        return last[b.Length];
    }
}
