using Microsoft.Net.Http.Headers;

namespace Dcron.Api.Executions;

/// <summary>The part of a log that a request asks for.</summary>
internal abstract record LogRange
{
    private LogRange()
    {
    }

    public sealed record Whole : LogRange;

    /// <param name="From">First byte.</param>
    /// <param name="Length">At least 1.</param>
    public sealed record Part(long From, long Length) : LogRange;

    public sealed record NotSatisfiable : LogRange;

    /// <summary>Reads a <c>Range</c> header. What is not one range of bytes is passed over, as RFC 9110 allows.</summary>
    public static LogRange Of(string? header, long size)
    {
        if (string.IsNullOrEmpty(header) || !RangeHeaderValue.TryParse(header, out var parsed) || parsed.Unit != "bytes" || parsed.Ranges.Count != 1)
            return new Whole();

        var range = parsed.Ranges.Single();
        if (range.From is { } from)
        {
            return from >= size ? new NotSatisfiable() : new Part(from, Math.Min(range.To ?? long.MaxValue - 1, size - 1) - from + 1);
        }

        var last = Math.Min(range.To ?? 0, size);
        return last <= 0 ? new NotSatisfiable() : new Part(size - last, last);
    }
}
