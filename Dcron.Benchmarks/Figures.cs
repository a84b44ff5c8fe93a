using System.Globalization;

namespace Dcron.Benchmarks;

/// <summary>Medians, percentiles and rows of text.</summary>
internal static class Figures
{
    public static double Median(IEnumerable<double> values) => Percentile(values, 50);

    /// <param name="values">At least one.</param>
    /// <param name="percent">0 to 100; nearest rank.</param>
    public static double Percentile(IEnumerable<double> values, double percent)
    {
        var sorted = values.Order().ToList();
        return sorted[Math.Clamp((int)Math.Ceiling(percent / 100 * sorted.Count) - 1, 0, sorted.Count - 1)];
    }

    public static void Title(string text) => Console.WriteLine($"\n## {text}");

    public static void Row(string name, FormattableString value) => Console.WriteLine($"{name,-44} {value.ToString(CultureInfo.InvariantCulture)}");
}
