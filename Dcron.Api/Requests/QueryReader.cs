using System.Globalization;
using Dcron.Api.Access;
using Dcron.Api.Json;

namespace Dcron.Api.Requests;

/// <summary>Reads the query of a call. Unknown and repeated parameters are errors: a filter that is silently not applied shows wrong data.</summary>
internal sealed class QueryReader
{
    private readonly IQueryCollection _query;

    public QueryReader(HttpRequest request, params string[] known)
    {
        _query = request.Query;
        foreach (var (name, values) in _query)
        {
            if (!known.Contains(name, StringComparer.Ordinal))
            {
                Errors.AddMalformed(name, Suggestion.For(name, known) is { } meant
                    ? $"is not a parameter of this call; did you mean '{meant}'?"
                    : known.Length == 0 ? "is not a parameter of this call; it has none" : $"is not a parameter of this call; it has {string.Join(", ", known)}");
            }
            else if (values.Count > 1)
            {
                Errors.AddMalformed(name, "is given more than once; give it once");
            }
        }
    }

    public FieldErrors Errors { get; } = new();

    /// <summary>The text as given; null when it is absent.</summary>
    public string? Text(string name, int longest = 1024)
    {
        if (!_query.TryGetValue(name, out var values) || values.Count != 1 || values[0] is not { } text)
            return null;
        if (text.Length <= longest)
            return text;

        Errors.Add(name, $"must have at most {longest} characters");
        return null;
    }

    public int Int(string name, int least, int most, int otherwise)
    {
        if (Text(name) is not { } text)
            return otherwise;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            return number;

        Errors.AddMalformed(name, $"must be a whole number from {least} to {most}");
        return otherwise;
    }

    /// <returns><paramref name="otherwise"/> where it is left out or wrong.</returns>
    public long Long(string name, long least, long most, long otherwise)
    {
        if (Text(name) is not { } text)
            return otherwise;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
            return number;

        Errors.AddMalformed(name, $"must be a whole number from {least} to {most}");
        return otherwise;
    }

    public bool? Bool(string name)
    {
        switch (Text(name))
        {
            case null:
                return null;
            case "true":
                return true;
            case "false":
                return false;
            default:
                Errors.AddMalformed(name, "must be true or false");
                return null;
        }
    }

    public DateTimeOffset? Time(string name)
    {
        if (Text(name) is not { } text)
            return null;
        if (Rfc3339.TryParse(text, out var time))
            return time;

        // An unescaped '+' arrives as a space: the commonest slip, so the way out is named.
        Errors.AddMalformed(name, Rfc3339.Advice + (text.Contains(' ') ? "; in an address '+' is written %2B" : ""));
        return null;
    }

    /// <summary>The parameter <c>namespace</c> within what the caller may see: null for all. One that the caller may not see has nothing in it.</summary>
    public IReadOnlyList<string>? Namespaces(HttpContext context)
    {
        var scope = Caller.ScopeOf(context.User);
        return Text("namespace") is not { } asked ? scope.Names : scope.Allows(asked) ? [asked] : [];
    }

    public T? Word<T>(string name)
        where T : struct, Enum
    {
        if (Text(name) is not { } text)
            return null;
        if (Words.TryParse<T>(text, out var value))
            return value;

        Errors.AddMalformed(name, $"must be one of {Words.All<T>()}");
        return null;
    }
}
