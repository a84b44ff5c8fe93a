using System.Diagnostics.CodeAnalysis;

namespace Dcron.Cli.Input;

/// <summary>Reads <c>KEY=VALUE</c>; the value may be empty and may have more equals signs.</summary>
internal static class Pairs
{
    public static bool TryParse(IEnumerable<string> texts, [NotNullWhen(true)] out IReadOnlyDictionary<string, string>? pairs, out string? wrong)
    {
        var read = new Dictionary<string, string>(StringComparer.Ordinal);
        (pairs, wrong) = (null, null);
        foreach (var text in texts)
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1)
            {
                wrong = $"'{text}' must have the form KEY=VALUE";
                return false;
            }

            if (!read.TryAdd(text[..equals], text[(equals + 1)..]))
            {
                wrong = $"'{text[..equals]}' is given twice";
                return false;
            }
        }

        pairs = read;
        return true;
    }
}
