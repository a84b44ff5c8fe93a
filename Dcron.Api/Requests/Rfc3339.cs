using System.Globalization;
using System.Text.RegularExpressions;
using Dcron.Grains.Json;

namespace Dcron.Api.Requests;

/// <summary>Instants in requests: RFC 3339 with an offset, never a local time whose zone one would have to guess.</summary>
internal static partial class Rfc3339
{
    public const string Advice = "must be an RFC 3339 time with its offset, such as 2026-03-29T01:00:00Z or 2026-03-29T02:00:00+01:00";

    public static bool TryParse(string? text, out DateTimeOffset time)
    {
        time = default;
        if (text is null || text.Length > 40 || !Shape().IsMatch(text)
            || !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var parsed))
        {
            return false;
        }

        time = UtcTime.ToMilliseconds(parsed);
        return true;
    }

    [GeneratedRegex(@"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,7})?([Zz]|[+-]\d\d:\d\d)\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Shape();
}
