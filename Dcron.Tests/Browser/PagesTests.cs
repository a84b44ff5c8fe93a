using System.Text.RegularExpressions;
using Dcron.Tests.Api;
using Microsoft.Playwright;

namespace Dcron.Tests.Browser;

/// <summary>Each page of the console as a browser shows it: without a fault, for everybody, in both themes and on a phone.</summary>
[Collection(ConsoleCollection.Name)]
public sealed class PagesTests(Chromium chromium, OpenNode shared)
{
    private const string Noisy = """
        import sys, time
        print("\033[31mred\033[0m and <b>no markup</b>")
        print("to stderr", file=sys.stderr)
        print("last line")
        """;

    public static TheoryData<string> Pages => new() { "/", "/jobs", "/jobs/JOB", "/jobs/JOB/edit", "/jobs/JOB/delete", "/jobs/new", "/executions", "/executions/EXECUTION", "/workers", "/keys", "/calendar", "/secrets", "/audit", "/jobs/JOB/backfill?from=FROM&to=TO" };

    [SkippableTheory]
    [MemberData(nameof(Pages))]
    public async Task A_page_is_whole_and_open_to_everybody_in_both_themes_and_on_a_phone(string path)
    {
        var (job, execution) = await HistoryAsync();
        var today = TimeProvider.System.GetUtcNow();
        path = path.Replace("JOB", job, StringComparison.Ordinal).Replace("EXECUTION", Uri.EscapeDataString(execution), StringComparison.Ordinal)
            .Replace("FROM", $"{today.AddDays(-370):yyyy-MM-dd}", StringComparison.Ordinal).Replace("TO", $"{today.AddDays(-1):yyyy-MM-dd}", StringComparison.Ordinal);
        foreach (var scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
        {
            await using var visitor = await chromium.VisitAsync(shared.Node.Address, scheme);
            await visitor.GoAsync(path);
            await Assertions.Expect(visitor.Page.Locator("h1")).ToHaveCountAsync(1);
            if (path.StartsWith("/executions/", StringComparison.Ordinal))
                await Assertions.Expect(visitor.Page.GetByText("last line")).ToBeVisibleAsync();
            await visitor.CheckAccessAsync($"{path}, {scheme}");
            Assert.Empty(visitor.Faults);
        }

        await using var phone = await chromium.VisitAsync(shared.Node.Address, width: 390, height: 844);
        await phone.GoAsync(path);
        var tooWide = await phone.Page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        Assert.True(tooWide <= 0, $"{path} is {tooWide} pixels wider than a phone");
    }

    [SkippableFact]
    public async Task What_is_not_there_says_so_and_leads_back()
    {
        await using var visitor = await chromium.VisitAsync(shared.Node.Address);
        foreach (var path in (string[])["/jobs/nosuchjob", "/executions/nosuchjob@20260101T000000Z", "/nowhere"])
        {
            await visitor.GoAsync(path, 404);
            await Assertions.Expect(visitor.Page.GetByRole(AriaRole.Heading, new() { Name = "Not found" })).ToBeVisibleAsync();
            await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Overview", Exact = true }).Last.ClickAsync();
            await Assertions.Expect(visitor.Page).ToHaveTitleAsync("Overview · dcron");
        }
    }

    [SkippableFact]
    public async Task Each_place_is_two_keys_away_and_a_job_that_is_deleted_meanwhile_says_so()
    {
        using var api = shared.Node.Client();
        var id = (string)(await api.CreateAsync())["job_id"]!;
        await using var visitor = await chromium.VisitAsync(shared.Node.Address);
        var page = visitor.Page;
        await visitor.GoAsync("/");
        foreach (var (key, title) in ((string, string)[])[("j", "Jobs"), ("e", "Executions"), ("c", "Calendar"), ("w", "Workers"), ("s", "Secrets"), ("k", "Keys"), ("a", "Audit"), ("o", "Overview")])
        {
            await page.Keyboard.PressAsync("g");
            await page.Keyboard.PressAsync(key);
            await Assertions.Expect(page).ToHaveTitleAsync($"{title} · dcron");
        }

        await visitor.GoAsync($"/jobs/{id}");
        (await api.DeleteAsync($"jobs/{id}")).Ok(204);
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Not found" })).ToBeVisibleAsync(); // it looks again by itself
        await page.GetByRole(AriaRole.Link, new() { Name = "Jobs", Exact = true }).Last.ClickAsync();
        await Assertions.Expect(page).ToHaveTitleAsync("Jobs · dcron");
        Assert.Empty(visitor.Faults);
    }

    [SkippableFact]
    public async Task Jobs_are_found_by_name_label_and_state_and_the_address_keeps_it()
    {
        using var api = shared.Node.Client();
        var name = "find" + Guid.NewGuid().ToString("N");
        for (var i = 0; i < 30; i++)
            await api.CreateAsync(more: new { name = $"{name}-{i:D2}", enabled = i != 7, labels = new { nth = $"{i}" } });
        await using var visitor = await chromium.VisitAsync(shared.Node.Address);
        await visitor.GoAsync("/jobs");
        await visitor.Page.Keyboard.PressAsync("/");
        await visitor.Page.Keyboard.TypeAsync(name);
        await visitor.Page.Keyboard.PressAsync("Enter");
        var rows = visitor.Page.Locator("tbody tr");
        await Assertions.Expect(rows).ToHaveCountAsync(25);
        await Assertions.Expect(rows.First).ToContainTextAsync($"{name}-29");
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Next page" }).ClickAsync();
        await Assertions.Expect(rows).ToHaveCountAsync(5);
        await visitor.Page.ReloadAsync();
        await Assertions.Expect(rows).ToHaveCountAsync(5);
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "First page" }).ClickAsync();
        await visitor.Page.GetByLabel("State").SelectOptionAsync("paused");
        await Assertions.Expect(rows).ToHaveCountAsync(1);
        await Assertions.Expect(rows).ToContainTextAsync($"{name}-07");
        await visitor.GoAsync($"/jobs?name={name}&label=nth%3D3");
        await Assertions.Expect(rows).ToHaveCountAsync(1);
        Assert.Empty(visitor.Faults);
    }

    [SkippableFact]
    public async Task A_job_is_paused_resumed_by_undo_run_and_deleted()
    {
        using var api = shared.Node.Client();
        var name = "act" + Guid.NewGuid().ToString("N");
        var id = (string)(await api.CreateAsync(more: new { name }))["job_id"]!;
        await using var visitor = await chromium.VisitAsync(shared.Node.Address);
        await visitor.GoAsync($"/jobs?name={name}");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = $"Pause {name}" }).ClickAsync();
        await Assertions.Expect(visitor.Page.GetByText("Paused: its fire times pass")).ToBeVisibleAsync();
        Assert.False((bool)(await api.GetAsync($"jobs/{id}")).Json["enabled"]!);
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
        await Assertions.Expect(visitor.Page.GetByText("Resumed")).ToBeVisibleAsync();
        Assert.True((bool)(await api.GetAsync($"jobs/{id}")).Json["enabled"]!);
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = $"Run {name} now" }).ClickAsync();
        await Assertions.Expect(visitor.Page.GetByRole(AriaRole.Heading, new() { NameRegex = new Regex($"{name} .*succeeded") })).ToBeVisibleAsync();
        await visitor.GoAsync($"/jobs/{id}");
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Delete" }).ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Keep it" }).ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Link, new() { Name = "Delete" }).ClickAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Delete" }).ClickAsync();
        await Assertions.Expect(visitor.Page.GetByText("Deleted. Its history stays.")).ToBeVisibleAsync();
        (await api.GetAsync($"jobs/{id}")).Problem(404, "not-found");
        Assert.Empty(visitor.Faults);
    }

    [SkippableFact]
    public async Task A_worker_is_drained_and_gets_work_again()
    {
        await using var node = await ApiNode.StartAsync();
        await using var visitor = await chromium.VisitAsync(node.Address);
        await visitor.GoAsync("/workers");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Drain", Exact = true }).ClickAsync();
        await Assertions.Expect(visitor.Page.GetByText("draining", new() { Exact = true })).ToBeVisibleAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Undrain" }).ClickAsync();
        await Assertions.Expect(visitor.Page.GetByText("draining", new() { Exact = true })).ToHaveCountAsync(0);
        Assert.Empty(visitor.Faults);
    }

    [SkippableFact]
    public async Task Times_are_shown_in_the_viewers_zone_and_the_theme_stays_as_chosen()
    {
        var (_, execution) = await HistoryAsync();
        await using var visitor = await chromium.VisitAsync(shared.Node.Address, zone: "Asia/Tokyo");
        await visitor.GoAsync($"/executions/{Uri.EscapeDataString(execution)}");
        await Assertions.Expect(visitor.Page.Locator(".zone")).ToHaveTextAsync("Asia/Tokyo");
        await Assertions.Expect(visitor.Page.Locator(".timeline time").First).ToHaveAttributeAsync("title", new Regex(@"UTC\+09:00 = .* UTC$"));
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Switch between light and dark" }).ClickAsync();
        await visitor.GoAsync("/jobs");
        await Assertions.Expect(visitor.Page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
    }

    private async Task<(string Job, string Execution)> HistoryAsync()
    {
        using var api = shared.Node.Client();
        var job = await api.CreateAsync(Noisy, new { name = "pages" + Guid.NewGuid().ToString("N"), labels = new { team = "ops" } });
        var id = (string)job["job_id"]!;
        (await api.PatchAsync($"jobs/{id}", new { args = (string[])["--fast"] })).Ok();
        var execution = (string)(await api.PostAsync($"jobs/{id}/run")).Ok(202).Json["execution_id"]!;
        await api.EndOfAsync(execution);
        await api.PutAsync("secrets/shown", new { value = "nobody sees this" });
        return (id, execution);
    }
}
