namespace Dcron.Tests.Api;

[Collection(OpenNodeCollection.Name)]
public sealed class JobListTests(OpenNode shared) : IDisposable
{
    private readonly ApiClient _api = shared.Node.Client();

    public void Dispose() => _api.Dispose();

    [Fact]
    public async Task Pages_hold_every_job_once_in_the_order_of_creation()
    {
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
            ids.Add((string)(await _api.CreateAsync())["job_id"]!);
        var listed = await AllPages("jobs?limit=2");
        Assert.Equal(listed.Count, listed.Distinct().Count());
        Assert.Equal(ids, listed.Where(ids.Contains));
    }

    [Fact]
    public async Task Filters_are_kept_from_page_to_page()
    {
        var team = "t" + Guid.NewGuid().ToString("N")[..8];
        var ids = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            var job = await _api.CreateAsync(more: new { name = $"{team}-Number-{i}", labels = new { team }, enabled = i != 3 });
            ids.Add((string)job["job_id"]!);
            await _api.CreateAsync();
        }

        Assert.Equal(ids, await AllPages($"jobs?limit=1&label=team%3D{team}"));
        Assert.Equal(ids[..3], await AllPages($"jobs?limit=2&label=team%3D{team}&enabled=true"));
        Assert.Equal([ids[3]], await AllPages($"jobs?label=team%3D{team}&enabled=false"));
        Assert.Equal([ids[2]], await AllPages($"jobs?name={team}-number-2"));
        Assert.Empty(await AllPages($"jobs?label=team%3D{team}x"));
        Assert.Superset(ids.ToHashSet(), (await AllPages("jobs?label=team")).ToHashSet());
    }

    [Fact]
    public async Task A_full_last_page_has_no_next()
    {
        var team = "t" + Guid.NewGuid().ToString("N")[..8];
        for (var i = 0; i < 2; i++)
            await _api.CreateAsync(more: new { labels = new { team } });
        Assert.Null((await _api.GetAsync($"jobs?limit=2&label=team%3D{team}")).Ok().Header("Link"));
    }

    [Theory]
    [InlineData("jobs?limit=0", "limit")]
    [InlineData("jobs?limit=501", "limit")]
    [InlineData("jobs?limit=x", "limit")]
    [InlineData("jobs?enabled=1", "enabled")]
    [InlineData("jobs?nmae=x", "nmae")]
    [InlineData("jobs?cursor=xyz", "cursor")]
    [InlineData("jobs?cursor=6162", "cursor")]
    [InlineData("executions?cursor=6162", "cursor")]
    [InlineData("executions?cursor=zz", "cursor")]
    [InlineData("executions?result=fine", "result")]
    [InlineData("executions?from=yesterday", "from")]
    [InlineData("executions?limit=1000", "limit")]
    [InlineData("schedule/preview?time=@daily&count=101", "count")]
    public async Task A_parameter_that_is_wrong_is_named(string path, string parameter)
    {
        var reply = await _api.GetAsync(path);
        reply.Problem(400, "malformed-request");
        Assert.NotEmpty(reply.Error(parameter));
    }

    private async Task<List<string>> AllPages(string path)
    {
        var ids = new List<string>();
        for (string? next = path; next is not null;)
        {
            var page = (await _api.GetAsync(next)).Ok();
            ids.AddRange(page.Json.AsArray().Select(job => (string)job!["job_id"]!));
            next = page.Header("Link") is { } link ? link[(link.IndexOf('<') + 1)..link.IndexOf('>')] : null;
            if (next is not null)
                Assert.EndsWith("; rel=\"next\"", page.Header("Link")!, StringComparison.Ordinal);
        }

        return ids;
    }
}
