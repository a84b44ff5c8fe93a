using System.CommandLine.Parsing;
using Dcron.Cli.Input;

namespace Dcron.Cli.Commands;

/// <summary>Option values from their texts; errors name the option, what is wrong and what would be right.</summary>
internal static class Parsers
{
    /// <summary>Takes an option away again (<c>--timeout none</c>).</summary>
    public const string None = "none";

    public static TimeSpan? DurationOrZero(ArgumentResult result) => result.Tokens[0].Value is "0" ? TimeSpan.Zero : Duration(result);

    public static TimeSpan? Duration(ArgumentResult result)
    {
        if (Durations.TryParse(result.Tokens[0].Value, out var span))
            return span;

        Refuse(result, Durations.Forms);
        return null;
    }

    public static Clearable<TimeSpan>? ClearableDuration(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (text == None)
            return new Clearable<TimeSpan>(null);
        if (Durations.TryParse(text, out var span))
            return new Clearable<TimeSpan>(span);

        Refuse(result, $"{Durations.Forms}, or {None}");
        return null;
    }

    public static Func<ArgumentResult, DateTimeOffset?> Instant(TimeProvider time) => result =>
    {
        if (Instants.TryParse(result.Tokens[0].Value, time.GetUtcNow(), out var instant))
            return instant;

        Refuse(result, Instants.Forms);
        return null;
    };

    public static Func<ArgumentResult, Clearable<DateTimeOffset>?> ClearableInstant(TimeProvider time) => result =>
    {
        var text = result.Tokens[0].Value;
        if (text == None)
            return new Clearable<DateTimeOffset>(null);
        if (Instants.TryParse(text, time.GetUtcNow(), out var instant))
            return new Clearable<DateTimeOffset>(instant);

        Refuse(result, $"{Instants.Forms}, or {None}");
        return null;
    };

    public static Func<ArgumentResult, int> Whole(int from, int to) => result =>
    {
        if (int.TryParse(result.Tokens[0].Value, System.Globalization.NumberStyles.None, null, out var number) && number >= from && number <= to)
            return number;

        Refuse(result, $"a whole number from {from} to {to}");
        return from;
    };

    public static IReadOnlyDictionary<string, string>? KeyValues(ArgumentResult result)
    {
        if (Pairs.TryParse(result.Tokens.Select(t => t.Value), out var pairs, out var wrong))
            return pairs;

        result.AddError($"{NameOf(result)}: {wrong}.");
        return null;
    }

    private static void Refuse(ArgumentResult result, string right) =>
        result.AddError($"{NameOf(result)}: '{result.Tokens[0].Value}' is not understood; write {right}.");

    private static string NameOf(ArgumentResult result) => result.Parent is OptionResult option ? option.Option.Name : result.Argument.Name;
}

/// <summary>A new value, or (null) the wish to have none.</summary>
internal sealed record Clearable<T>(T? Value) where T : struct;
