namespace Dcron.Api.Requests;

/// <summary>What is wrong with a request, by field, in the order in which it was found.</summary>
internal sealed class FieldErrors
{
    private readonly OrderedDictionary<string, List<string>> _byField = new(StringComparer.Ordinal);

    public bool Any => _byField.Count > 0;

    /// <summary>True when something could not even be read: the answer is then 400, otherwise 422.</summary>
    public bool Malformed { get; private set; }

    /// <summary>A field that is unknown, missing or of another type.</summary>
    public void AddMalformed(string field, string message)
    {
        Malformed = true;
        Add(field, message);
    }

    /// <summary>A field that can be read, but whose value can't be.</summary>
    public void Add(string field, string message)
    {
        if (!_byField.TryGetValue(field, out var messages))
            _byField[field] = messages = [];
        if (!messages.Contains(message))
            messages.Add(message);
    }

    /// <summary>Whether the field, or a part of it, already has an error.</summary>
    public bool Has(string field) =>
        _byField.Keys.Any(known => known == field || (known.StartsWith(field, StringComparison.Ordinal) && known[field.Length] is '.' or '['));

    public IReadOnlyDictionary<string, IReadOnlyList<string>> ToDictionary()
    {
        var errors = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var (field, messages) in _byField)
            errors[field] = messages;
        return errors;
    }
}
