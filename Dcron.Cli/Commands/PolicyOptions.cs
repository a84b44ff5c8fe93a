using System.CommandLine;
using System.Text.Json.Nodes;
using Dcron.Cli.Input;

namespace Dcron.Cli.Commands;

/// <summary>The options that say what happens when things don't go by the schedule; <c>job create</c> and <c>job update</c> share them.</summary>
internal sealed class PolicyOptions
{
    private static readonly string[] Overlaps = ["skip", "allow", "queue", "replace"];
    private static readonly string[] Misfires = ["run_latest", "skip", "run_all"];
    private static readonly string[] Backoffs = ["exponential", "fixed"];

    private readonly Option<string?> _overlap = Word("--overlap-policy", "While an earlier execution is not over: skip the fire time, allow both, queue it, or replace what runs.", Overlaps);
    private readonly Option<Clearable<int>?> _queueLimit = Whole("--queue-limit", "With --overlap-policy queue: how many may wait.", 1, 100);
    private readonly Option<string?> _misfire = Word("--misfire-policy", "Fire times that nobody could plan in time: run the latest, skip them, or run them all in order.", Misfires);
    private readonly Option<Clearable<TimeSpan>?> _deadline = Span("--starting-deadline", "A launch that no worker has taken so long after it was due is missed.");
    private readonly Option<Clearable<int>?> _retries = Whole("--retries", "Attempts that may follow the first; each has a log of its own.", 1, 100);
    private readonly Option<string?> _backoff = Word("--retry-backoff", "How the delay grows: twice as long each time, or always the same.", Backoffs);
    private readonly Option<TimeSpan?> _delay = PlainSpan("--retry-delay", "From the end of the first attempt to the start of the second; default 10s.");
    private readonly Option<TimeSpan?> _maxDelay = PlainSpan("--retry-max-delay", "Longest delay; default 1h.");
    private readonly Option<double?> _retryJitter = new("--retry-jitter")
    {
        Description = "Part of each delay, 0 to 1, that may be added to it.",
        HelpName = "PART",
        CustomParser = Parsers.Number(0, 1),
    };

    private readonly Option<string[]?> _exitCodes = Several("--retry-exit-code", "Retry failures with this exit status only; may be repeated. A new job's default: all.", "N");
    private readonly Option<string[]?> _on = Several("--retry-on", "Retry this result: failed, timed_out or lost; may be repeated. A new job's default: all three.", "RESULT");
    private readonly Option<Clearable<TimeSpan>?> _jitter = Span("--jitter", "Spread the starts over so long after the fire time.");
    private readonly Option<string?> _gap = GapOption();
    private readonly Option<string?> _dstOverlap = OverlapOption();
    private readonly Option<string?> _stderr = Word("--stderr", "In the log: merged with stdout, in exactly the order written, or marked (red), in the order read. A new job's default: merged.", ["merged", "marked"]);

    public static Option<string?> GapOption() => Word("--dst-gap", "Local times that are left out when clocks are put forward: shift to the first instant after, or skip.", ["shift", "skip"]);

    public static Option<string?> OverlapOption() =>
        Word("--dst-overlap", "Local times that come twice when clocks are put back: fire at the first, second or both. auto: first for fixed times, both for intervals.", ["auto", "first", "second", "both"]);

    public IEnumerable<Option> All =>
        [_overlap, _queueLimit, _misfire, _deadline, _retries, _backoff, _delay, _maxDelay, _retryJitter, _exitCodes, _on, _jitter, _gap, _dstOverlap, _stderr];

    /// <summary>Adds what was given, and only that, under the API's names.</summary>
    /// <returns>What is wrong with the options together; null when nothing is.</returns>
    public string? AddTo(JsonObject fields, CommandContext context, bool isUpdate)
    {
        Set(fields, "overlap_policy", context.Get(_overlap));
        SetClearable(fields, "queue_limit", context.Get(_queueLimit));
        Set(fields, "misfire_policy", context.Get(_misfire));
        Set(fields, "dst_gap", context.Get(_gap));
        Set(fields, "dst_overlap", context.Get(_dstOverlap));
        Set(fields, "stderr", context.Get(_stderr));
        SetSpan(fields, "starting_deadline_seconds", context.Get(_deadline));
        SetSpan(fields, "jitter_seconds", context.Get(_jitter));
        return AddRetries(fields, context, isUpdate);
    }

    private string? AddRetries(JsonObject fields, CommandContext context, bool isUpdate)
    {
        var retries = new JsonObject();
        Set(retries, "backoff", context.Get(_backoff));
        if (context.Get(_delay) is { } delay)
            retries["delay_seconds"] = delay.TotalSeconds;
        if (context.Get(_maxDelay) is { } maxDelay)
            retries["max_delay_seconds"] = maxDelay.TotalSeconds;
        if (context.Get(_retryJitter) is { } jitter)
            retries["jitter"] = jitter;
        if (context.Get(_on) is { Length: > 0 } on)
            retries["on"] = new JsonArray([.. on.Select(result => (JsonNode)result)]);
        if (context.Get(_exitCodes) is { Length: > 0 } codes)
        {
            var numbers = codes.Select(code => int.TryParse(code, out var number) ? number : (int?)null).ToList();
            if (numbers.Contains(null))
                return "--retry-exit-code takes a number from 1 to 255.";
            retries["on_exit_codes"] = new JsonArray([.. numbers.Select(number => (JsonNode)number!.Value)]);
        }

        var count = context.Get(_retries);
        if (count is { Value: null })
        {
            fields["retries"] = null;
            return retries.Count > 0 ? "--retries none leaves nothing for the other --retry options to say; leave them out." : null;
        }

        if (count is not null)
            retries["count"] = count.Value!.Value;
        if (retries.Count > 0 && count is null && !isUpdate)
            return "How often? The --retry options need --retries N.";
        if (retries.Count > 0)
            fields["retries"] = retries;
        return null;
    }

    private static void Set(JsonObject fields, string name, string? text)
    {
        if (text is not null)
            fields[name] = text;
    }

    private static void SetClearable(JsonObject fields, string name, Clearable<int>? number)
    {
        if (number is not null)
            fields[name] = number.Value;
    }

    private static void SetSpan(JsonObject fields, string name, Clearable<TimeSpan>? span)
    {
        if (span is not null)
            fields[name] = span.Value?.TotalSeconds;
    }

    private static Option<string?> Word(string name, string description, string[] words)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = string.Join('|', words) };
        option.AcceptOnlyFromAmong(words);
        return option;
    }

    private static Option<Clearable<int>?> Whole(string name, string description, int from, int to) => new(name)
    {
        Description = $"{description} {from} to {to}; {Parsers.None} for the default.",
        HelpName = "N",
        CustomParser = Parsers.ClearableWhole(from, to),
    };

    private static Option<Clearable<TimeSpan>?> Span(string name, string description) => new(name)
    {
        Description = $"{description} {Parsers.None} takes it away.",
        HelpName = "SPAN",
        CustomParser = Parsers.ClearableDuration,
    };

    private static Option<TimeSpan?> PlainSpan(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "SPAN",
        CustomParser = Parsers.Duration,
    };

    private static Option<string[]?> Several(string name, string description, string helpName) => new(name)
    {
        Description = description,
        HelpName = helpName,
        Arity = ArgumentArity.OneOrMore,
    };
}
