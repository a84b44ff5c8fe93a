using System.Text.RegularExpressions;
using Dcron.Tests.Api;
using Microsoft.Playwright;

namespace Dcron.Tests.Browser;

/// <summary>Backfills, exact re-runs, secrets, keys and the audit, as somebody does it in a browser.</summary>
[Collection(ConsoleCollection.Name)]
public sealed class ManagingTests(Chromium chromium, OpenNode shared)
{
    [SkippableFact]
    public async Task A_period_is_shown_before_it_is_run_and_then_run_once()
    {
        using var api = shared.Node.Client();
        var id = (string)(await api.CreateAsync("print('filled')", new { name = "fill" + Guid.NewGuid().ToString("N"), time = "0 3 * * *" }))["job_id"]!;
        await using var visitor = await chromium.VisitAsync(shared.Node.Address);
        var page = visitor.Page;
        await visitor.GoAsync($"/jobs/{id}");
        await page.GetByRole(AriaRole.Link, new() { Name = "Backfill" }).ClickAsync();
        await page.GetByLabel("From").FillAsync("last week");
        await page.GetByLabel("At a time").FillAsync("7");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show what would run" }).ClickAsync();
        await Assertions.Expect(page.Locator("#from-error")).ToContainTextAsync("must be a time like 2026-11-24");
        await Assertions.Expect(page.Locator("#to-error")).ToContainTextAsync("is needed");
        await page.GetByLabel("From").FillAsync("2026-01-01");
        await page.GetByLabel("To, not included").FillAsync("2026-01-04");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show what would run" }).ClickAsync();
        await Assertions.Expect(page.Locator("#max_concurrent-error")).ToContainTextAsync("allow");
        await page.GetByLabel("At a time").FillAsync("");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show what would run" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "3 runs" })).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("Thu 2026-01-01 03:00:00 UTC")).ToBeVisibleAsync();
        Assert.Empty((await api.GetAsync($"jobs/{id}/backfills")).Ok().Json.AsArray());
        await visitor.CheckAccessAsync("a backfill before it begins");

        await page.GetByRole(AriaRole.Button, new() { Name = "Start 3 runs" }).ClickAsync();
        await Assertions.Expect(page.GetByText("The backfill has begun.")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("3 launched, 0 left out")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("all launched")).ToBeVisibleAsync();
        await visitor.CheckAccessAsync("a job with a backfill");
        await page.GoBackAsync(); // what stands there is asked for anew: there is nothing to begin a second time
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "0 runs, 3 left out" })).ToBeVisibleAsync();
        Assert.Empty(visitor.Faults);
    }

    [SkippableFact]
    public async Task A_backfill_that_goes_on_is_cancelled()
    {
        using var api = shared.Node.Client();
        var id = (string)(await api.CreateAsync("import time\ntime.sleep(600)", new { name = "long" + Guid.NewGuid().ToString("N"), time = "0 3 * * *" }))["job_id"]!;
        (await api.PostAsync($"jobs/{id}/backfill", new { from = "2026-01-01T00:00:00Z", to = "2026-02-01T00:00:00Z" })).Ok(202);
        await using var visitor = await chromium.VisitAsync(shared.Node.Address);
        await visitor.GoAsync($"/jobs/{id}");
        await Assertions.Expect(visitor.Page.GetByText("1 launched, 0 left out")).ToBeVisibleAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel backfill 1" }).ClickAsync();
        await Assertions.Expect(visitor.Page.GetByText("Cancelled: nothing more of it is launched")).ToBeVisibleAsync();
        foreach (var execution in (await api.GetAsync($"jobs/{id}/executions")).Ok().Json.AsArray())
            await api.PostAsync($"executions/{Uri.EscapeDataString((string)execution!["execution_id"]!)}/cancel");
        Assert.Empty(visitor.Faults);
    }

    [SkippableFact]
    public async Task An_execution_is_run_again_exactly_or_by_what_the_job_says_now()
    {
        using var api = shared.Node.Client();
        var id = (string)(await api.CreateAsync("import sys\nprint('with', sys.argv[1])", new { name = "again" + Guid.NewGuid().ToString("N"), args = (string[])["old"] }))["job_id"]!;
        var first = (string)(await api.PostAsync($"jobs/{id}/run")).Ok(202).Json["execution_id"]!;
        await api.EndOfAsync(first);
        (await api.PatchAsync($"jobs/{id}", new { args = (string[])["new"] })).Ok();
        await using var visitor = await chromium.VisitAsync(shared.Node.Address);
        await visitor.GoAsync($"/executions/{Uri.EscapeDataString(first)}");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Re-run exactly" }).ClickAsync();
        await Assertions.Expect(visitor.Page.GetByText("Run again: the same bytes")).ToBeVisibleAsync();
        await Assertions.Expect(visitor.Page.Locator("#log").GetByText("with old")).ToBeVisibleAsync();
        await Assertions.Expect(visitor.Page.GetByRole(AriaRole.Link, new() { Name = first })).ToBeVisibleAsync();
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Run now" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator("#log").GetByText("with new")).ToBeVisibleAsync();
        Assert.Empty(visitor.Faults);
    }

    [SkippableFact]
    public async Task A_secret_is_set_replaced_used_and_deleted_and_its_value_is_never_shown()
    {
        const string Value = "correct horse battery staple";
        var name = "secret-" + Guid.NewGuid().ToString("N");
        await using var visitor = await chromium.VisitAsync(shared.Node.Address);
        var page = visitor.Page;
        await visitor.GoAsync("/secrets");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("No Name");
        await page.GetByLabel("Value").FillAsync("abc");
        await page.GetByRole(AriaRole.Button, new() { Name = "Set", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("#name-error")).ToContainTextAsync("lower case letters");
        await Assertions.Expect(page.Locator("#value-error")).ToContainTextAsync("must have 4 bytes");
        await Assertions.Expect(page.GetByLabel("Value")).ToHaveValueAsync("");
        await visitor.CheckAccessAsync("secrets with errors");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync(name);
        await page.GetByLabel("Value").FillAsync(Value);
        await page.GetByRole(AriaRole.Button, new() { Name = "Set", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("Set. Its value is not shown again.")).ToBeVisibleAsync();
        var row = page.Locator("tbody tr").Filter(new() { HasText = name });
        await row.GetByRole(AriaRole.Link, new() { Name = "Replace" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = $"Replace {name}" })).ToBeVisibleAsync();
        await page.GetByLabel("Value").FillAsync(Value + " 2");
        await page.GetByRole(AriaRole.Button, new() { Name = "Replace", Exact = true }).ClickAsync();
        await Assertions.Expect(row.Locator("td").Nth(2)).ToHaveTextAsync("2");
        Assert.DoesNotContain(Value, await page.ContentAsync(), StringComparison.Ordinal);

        await visitor.GoAsync("/jobs/new");
        await page.GetByLabel("Schedule").FillAsync("@yearly");
        await page.GetByLabel("Script", new() { Exact = true }).FillAsync("import os\nprint(len(os.environ['TOKEN']))");
        await page.GetByLabel("Environment").FillAsync($"TOKEN=secret:{name}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create and run now" }).ClickAsync();
        await Assertions.Expect(page.Locator("#log").GetByText("30", new() { Exact = true })).ToBeVisibleAsync();

        await visitor.GoAsync("/secrets");
        await row.Locator("summary").ClickAsync();
        await row.GetByRole(AriaRole.Button).ClickAsync();
        await Assertions.Expect(page.GetByText("Deleted. Launches that ask for it fail")).ToBeVisibleAsync();
        await Assertions.Expect(row).ToHaveCountAsync(0);
        await visitor.GoAsync($"/audit?target=secret:default/{name}");
        await Assertions.Expect(page.Locator("tbody tr")).ToHaveCountAsync(3);
        Assert.DoesNotContain(Value, await page.ContentAsync(), StringComparison.Ordinal);
        Assert.Empty(visitor.Faults);
    }

    [SkippableFact]
    public async Task A_key_with_an_end_and_a_namespace_is_made_and_what_is_wrong_is_said_by_field()
    {
        await using var visitor = await chromium.VisitAsync(shared.Node.Address);
        var page = visitor.Page;
        var name = "key" + Guid.NewGuid().ToString("N");
        await visitor.GoAsync("/keys");
        await page.GetByLabel("Namespaces").FillAsync("Not A Name");
        await page.GetByLabel("Ends").FillAsync("2020-01-01");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create" }).ClickAsync();
        await Assertions.Expect(page.Locator("#name-error")).ToContainTextAsync("must have 1 to 100 characters");
        await Assertions.Expect(page.Locator("#namespaces-error")).ToContainTextAsync("lower case letters");
        await Assertions.Expect(page.Locator("#expires_at-error")).ToContainTextAsync("must lie in the future");
        await visitor.CheckAccessAsync("keys with errors");
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync(name);
        await page.GetByLabel("Namespaces").FillAsync("payments, search");
        await page.GetByLabel("Ends").FillAsync("2100-01-01");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create" }).ClickAsync();
        await Assertions.Expect(page.Locator("#new-key")).ToContainTextAsync("dcron_");
        var row = page.Locator("tbody tr").Filter(new() { HasText = name });
        await Assertions.Expect(row).ToContainTextAsync("payments, search");
        await Assertions.Expect(row).ToContainTextAsync("2100-01-01");
        Assert.Empty(visitor.Faults);
    }

    [SkippableFact]
    public async Task The_audit_says_what_a_button_changed_and_is_filtered_by_a_click()
    {
        using var api = shared.Node.Client();
        var name = "audited" + Guid.NewGuid().ToString("N");
        var id = (string)(await api.CreateAsync(more: new { name }))["job_id"]!;
        await using var visitor = await chromium.VisitAsync(shared.Node.Address);
        var page = visitor.Page;
        await visitor.GoAsync($"/jobs/{id}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Paused: its fire times pass")).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Audit", Exact = true }).Last.ClickAsync();
        var rows = page.Locator("tbody tr");
        await Assertions.Expect(rows).ToHaveCountAsync(2);
        await Assertions.Expect(rows.First).ToContainTextAsync(new Regex("pause job"));
        await Assertions.Expect(rows.First.Locator("del")).ToHaveTextAsync("true");
        await Assertions.Expect(rows.First.Locator("ins")).ToHaveTextAsync("false");
        await page.GetByRole(AriaRole.Link, new() { Name = "pause job" }).ClickAsync();
        await Assertions.Expect(rows).ToHaveCountAsync(1);
        await page.GetByLabel("from", new() { Exact = true }).FillAsync("yesterday");
        await page.GetByRole(AriaRole.Button, new() { Name = "Show" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("A time is written like");
        await page.GetByRole(AriaRole.Link, new() { Name = "All", Exact = true }).ClickAsync();
        await Assertions.Expect(rows.Nth(1)).ToBeVisibleAsync();
        Assert.Empty(visitor.Faults);
    }
}
