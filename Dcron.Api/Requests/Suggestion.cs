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

    /// <summary>Levenshtein's distance.</summary>
    internal static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var (diagonal, left) = (row[0], i);
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var value = Math.Min(Math.Min(row[j] + 1, left + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                (diagonal, row[j], left) = (row[j], value, value);
            }
        }

        return row[b.Length];
    }
}
