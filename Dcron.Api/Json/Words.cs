using System.Text.Json;

namespace Dcron.Api.Json;

/// <summary>The values of an enum as the words that travel: <c>timed_out</c> for <c>TimedOut</c>.</summary>
internal static class Words
{
    public static string Of<T>(T value)
        where T : struct, Enum => Table<T>.ByValue[value];

    public static bool TryParse<T>(string? word, out T value)
        where T : struct, Enum
    {
        value = default;
        return word is not null && Table<T>.ByWord.TryGetValue(word, out value);
    }

    /// <summary>All words, for messages.</summary>
    public static string All<T>()
        where T : struct, Enum => string.Join(", ", Table<T>.ByValue.Values);

    private static class Table<T>
        where T : struct, Enum
    {
        public static readonly Dictionary<T, string> ByValue =
            Enum.GetValues<T>().ToDictionary(value => value, value => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString()));

        public static readonly Dictionary<string, T> ByWord = ByValue.ToDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);
    }
}
