using System.Globalization;
using System.Text.Json.Nodes;

namespace Dcron.Tests.Api;

/// <summary>One server-sent event.</summary>
internal sealed record Event(string Name, long Id, JsonNode Data);

internal static class Events
{
    /// <summary>Reads a stream of events to its end.</summary>
    public static async Task<List<Event>> ReadAsync(ApiClient api, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/" + path);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await api.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var (events, name_, id, data) = (new List<Event>(), "", 0L, "");
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("event: ", StringComparison.Ordinal))
                name_ = line[7..];
            else if (line.StartsWith("id: ", StringComparison.Ordinal))
                id = long.Parse(line[4..], CultureInfo.InvariantCulture);
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
                data = line[6..];
            else if (line.Length == 0 && data.Length > 0)
            {
                events.Add(new Event(name_, id, JsonNode.Parse(data)!));
                data = "";
            }
        }

        return events;
    }
}
