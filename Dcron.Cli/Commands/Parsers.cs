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

    public static Clearable<long>? ClearableSize(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (text == None)
            return new Clearable<long>(null);
        if (Sizes.TryParse(text, out var bytes))
            return new Clearable<long>(bytes);

        Refuse(result, $"{Sizes.Forms}, or {None}");
        return null;
    }

    public static Clearable<long>? ClearableCount(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (text == None)
            return new Clearable<long>(null);
        if (long.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number))
            return new Clearable<long>(number);

        Refuse(result, $"a whole number, or {None}");
        return null;
    }

    /// <summary>on, off, or as the worker has it.</summary>
    public static Clearable<bool>? ClearableSwitch(ArgumentResult result)
    {
        switch (result.Tokens[0].Value)
        {
            case "on":
                return new Clearable<bool>(true);
            case "off":
                return new Clearable<bool>(false);
            case None:
                return new Clearable<bool>(null);
            default:
                Refuse(result, $"on, off, or {None} to leave it to the worker");
                return null;
        }
    }

    public static Func<ArgumentResult, DateTimeOffset?> Instant(TimeProvider time) => result =>
    {
        if (Instants.TryParse(result.Tokens[0].Value, time.GetUtcNow(), out var instant))
            return instant;

        Refuse(result, Instants.Forms);
        return null;
    };

    /// <summary>An instant, or a span that is counted from now.</summary>
    public static Func<ArgumentResult, DateTimeOffset?> InstantAhead(TimeProvider time) => result =>
        Durations.TryParse(result.Tokens[0].Value, out var span) ? time.GetUtcNow() + span : Instant(time)(result);

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

    public static Func<ArgumentResult, Clearable<int>?> ClearableWhole(int from, int to) => result =>
    {
        var text = result.Tokens[0].Value;
        if (text == None)
            return new Clearable<int>(null);
        if (int.TryParse(text, System.Globalization.NumberStyles.None, null, out var number) && number >= from && number <= to)
            return new Clearable<int>(number);

        Refuse(result, $"a whole number from {from} to {to}, or {None}");
        return null;
    };

    public static Func<ArgumentResult, double?> Number(double from, double to) => result =>
    {
        if (double.TryParse(result.Tokens[0].Value, System.Globalization.NumberStyles.AllowDecimalPoint, System.Globalization.CultureInfo.InvariantCulture, out var number)
            && number >= from && number <= to)
            return number;

        Refuse(result, FormattableString.Invariant($"a number from {from} to {to}"));
        return null;
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
