namespace Dcron.Grains.Scheduling;

/// <summary>
/// The macros, expanded here and not by Cronos: Cronos with a seed reads <c>@daily</c> as <c>H H H * * *</c>, but a job that asks for
/// midnight means midnight.
/// </summary>
internal static class CronMacros
{
    private static readonly Dictionary<string, string> Expressions = new(StringComparer.OrdinalIgnoreCase)
    {
        ["@yearly"] = "0 0 1 1 *",
        ["@annually"] = "0 0 1 1 *",
        ["@monthly"] = "0 0 1 * *",
        ["@weekly"] = "0 0 * * 0",
        ["@daily"] = "0 0 * * *",
        ["@midnight"] = "0 0 * * *",
        ["@hourly"] = "0 * * * *",
        ["@every_minute"] = "* * * * *",
        ["@every_second"] = "* * * * * *",
    };

    public static IEnumerable<string> Names => Expressions.Keys;

    /// <summary>The expression that a macro stands for; null when there is no such macro.</summary>
    public static string? Expand(string macro) => Expressions.GetValueOrDefault(macro);
}
