using System.Globalization;

namespace Dcron.Cli.Api;

/// <summary>Walks through a listing, page by page.</summary>
/// <param name="path">The listing, without a query.</param>
/// <param name="filter">Further query parameters, each beginning with <c>&amp;</c>.</param>
/// <param name="pageLimit">The most that the server gives at once.</param>
/// <param name="atMost">Null for all.</param>
internal sealed class Pages(ApiClient api, string path, string filter, int pageLimit, int? atMost)
{
    private string? _next;
    private int _seen;
    private bool _begun;

    /// <summary>True while more may follow.</summary>
    public bool More => !_begun || (_next is not null && (atMost is null || _seen < atMost));

    /// <summary>True when the listing goes on beyond what was asked for.</summary>
    public bool CutOff => _begun && _next is not null;

    public Task<Answer> NextAsync(CancellationToken cancel)
    {
        var limit = Math.Min(pageLimit, atMost - _seen ?? pageLimit);
        // The server's link repeats the limit of the page before; the last page may want fewer.
        var query = _next is null ? string.Create(CultureInfo.InvariantCulture, $"?limit={limit}{filter}") : WithLimit(_next, limit);
        return api.SendAsync(Call.Get(path + query), cancel);
    }

    /// <param name="count">How many rows the page had.</param>
    public void Took(Answer.Ok page, int count)
    {
        _begun = true;
        _seen += count;
        // A page may be empty where the server has looked through much and found nothing so far. One that names itself would make us walk for ever.
        _next = count == 0 && page.Next == _next ? null : page.Next;
    }

    private static string WithLimit(string query, int limit) => "?" + string.Join('&', query[1..].Split('&')
        .Where(p => !p.StartsWith("limit=", StringComparison.Ordinal))
        .Append(string.Create(CultureInfo.InvariantCulture, $"limit={limit}")));
}
