using System.Globalization;

namespace Dcron.Cli.Input;

/// <summary>Reads sizes as people write them: <c>512M</c>, <c>1.5G</c>, <c>64k</c>, or plain bytes. Each unit is 1024 of the one before.</summary>
internal static class Sizes
{
    public const string Forms = "512M, 1.5G, 64K or a number of bytes";

    private const string Units = "KMGT";

    public static bool TryParse(string text, out long bytes)
    {
        var number = text.AsSpan();
        var factor = 1d;
        number = number.EndsWith("iB", StringComparison.OrdinalIgnoreCase) ? number[..^2] : number.EndsWith("B", StringComparison.OrdinalIgnoreCase) ? number[..^1] : number;
        if (number is [.., var unit] && Units.IndexOf(char.ToUpperInvariant(unit), StringComparison.Ordinal) is var place and >= 0)
        {
            factor = Math.Pow(1024, place + 1);
            number = number[..^1];
        }

        bytes = 0;
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) || !(value * factor < long.MaxValue))
            return false;

        bytes = (long)(value * factor);
        return bytes > 0;
    }
}
