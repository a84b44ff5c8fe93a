using System.Text.RegularExpressions;
using Dcron.Tests.Api;
using Microsoft.Playwright;

namespace Dcron.Tests.Browser;

/// <summary>From nothing to a running job, and what is said on the way when something is wrong.</summary>
[Collection(ConsoleCollection.Name)]
public sealed class CreatingTests(Chromium chromium, OpenNode shared)
{
    [SkippableFact]
    public async Task An_empty_system_shows_a_sample_whose_log_comes_as_it_is_written()
    {
        await using var node = await ApiNode.StartAsync();
        await using var visitor = await chromium.VisitAsync(node.Address);
        await visitor.GoAsync("/");
        await visitor.CheckAccessAsync("first run");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Try a sample" }).ClickAsync();
        var log = visitor.Page.Locator("#log");
        await Assertions.Expect(log.GetByText("step 1 of 5")).ToBeVisibleAsync();
        await Assertions.Expect(log.GetByText("step 5 of 5")).ToBeVisibleAsync();
        await Assertions.Expect(visitor.Page.GetByRole(AriaRole.Heading, new() { NameRegex = new Regex("hello.*succeeded") })).ToBeVisibleAsync();
        await Assertions.Expect(log.Locator(".c2")).ToHaveTextAsync("Hello");
        Assert.Empty(visitor.Faults);
    }

    [SkippableFact]
    public async Task A_job_is_written_previewed_created_run_and_edited()
    {
        var name = "made" + Guid.NewGuid().ToString("N");
        await using var visitor = await chromium.VisitAsync(shared.Node.Address, zone: "America/New_York");
        var page = visitor.Page;
        await visitor.GoAsync("/jobs/new");
        await Assertions.Expect(page.GetByLabel("Time zone")).ToHaveValueAsync("America/New_York");
        await page.Locator("#name").FillAsync(name);
        await page.GetByLabel("Script", new() { Exact = true }).FillAsync("import sys  # a note\nprint('hello', sys.argv[1])\n");
        await Assertions.Expect(page.Locator(".editor .k-key").First).ToHaveTextAsync("import");
        await page.GetByLabel("Arguments").FillAsync("big world");
        await page.GetByLabel("Schedule").FillAsync("30 1 * * *");
        await page.GetByLabel("Time zone").FillAsync("Europe/Lisbon");
        var preview = page.Locator("#preview");
        await Assertions.Expect(preview).ToContainTextAsync("At 01:30");
        await Assertions.Expect(preview).ToContainTextAsync("the clocks of Europe/Lisbon go forward from 01:00 to 02:00. What would fire in the hour that is left out fires once, right after it.");
        await Assertions.Expect(preview.Locator("tbody tr")).ToHaveCountAsync(10);
        await Assertions.Expect(preview.Locator("tbody tr").First).ToContainTextAsync("UTC−0");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create and run now" }).ClickAsync();
        await Assertions.Expect(page.Locator("#log").GetByText("hello big world")).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = name }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Edit" }).ClickAsync();
        await Assertions.Expect(page.GetByLabel("Script", new() { Exact = true })).ToHaveValueAsync(new Regex("import sys  # a note"));
        await page.GetByLabel("Schedule").FillAsync("H 3 * * *");
        await page.GetByLabel("Further attempts").FillAsync("2");
        await page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("Saved. It counts from now on.")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator(".versions del").First).ToHaveTextAsync(new Regex("30 1"));
        await Assertions.Expect(page.Locator(".versions ins").First).ToHaveTextAsync(new Regex("H 3"));
        using var api = shared.Node.Client();
        var job = (await api.GetAsync($"jobs?name={name}")).Ok().Json[0]!;
        Assert.Equal(("H 3 * * *", "Europe/Lisbon", 2, 2), ((string)job["time"]!, (string)job["timezone"]!, (int)job["version"]!, (int)job["retries"]!["count"]!));
        Assert.Empty(visitor.Faults);
    }

    [SkippableFact]
    public async Task What_is_wrong_stands_beside_its_field_and_nothing_that_was_written_is_lost()
    {
        using var api = shared.Node.Client();
        var taken = "taken" + Guid.NewGuid().ToString("N");
        await api.CreateAsync(more: new { name = taken });
        await using var visitor = await chromium.VisitAsync(shared.Node.Address);
        var page = visitor.Page;
        await visitor.GoAsync("/jobs/new");
        await page.GetByLabel("Schedule").FillAsync("61 * * * *");
        await Assertions.Expect(page.Locator("#preview")).ToContainTextAsync("This can't be read: the 1st field (minute)");
        await page.GetByLabel("Time zone").FillAsync("Europe/Lisboa");
        await page.GetByLabel("Longest run time").FillAsync("soon");
        await page.GetByLabel("Environment").FillAsync("FINE=yes\nNO VALUE");
        await page.Locator("#name").FillAsync("kept");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("#time-error")).ToContainTextAsync("the 1st field (minute)");
        await Assertions.Expect(page.Locator("#timezone-error")).ToContainTextAsync("did you mean 'Europe/Lisbon'?");
        await Assertions.Expect(page.Locator("#timeout_seconds-error")).ToContainTextAsync("must be a number of seconds");
        await Assertions.Expect(page.Locator("#env-error")).ToContainTextAsync("NO VALUE");
        await Assertions.Expect(page.Locator("#script-error")).ToContainTextAsync("rite the script, choose a file");
        await Assertions.Expect(page.Locator("#name")).ToHaveValueAsync("kept");
        await Assertions.Expect(page.GetByLabel("Schedule")).ToHaveAttributeAsync("aria-invalid", "true");
        await visitor.CheckAccessAsync("a form with errors");

        await page.GetByLabel("Script", new() { Exact = true }).FillAsync("print(1)");
        await page.GetByLabel("Schedule").FillAsync("@daily");
        await page.GetByLabel("Time zone").FillAsync("");
        await page.GetByLabel("Longest run time").FillAsync("1.5");
        await page.GetByLabel("Environment").FillAsync("FINE=yes");
        await page.Locator("#name").FillAsync(taken);
        await page.GetByRole(AriaRole.Button, new() { Name = "Create", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("#name-error")).ToContainTextAsync("is taken");
        await Assertions.Expect(page.GetByLabel("Script", new() { Exact = true })).ToHaveValueAsync("print(1)");
        await page.Locator("#name").FillAsync(taken + "2");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByText("Created.", new() { Exact = true }).First).ToBeVisibleAsync();
        Assert.Empty(visitor.Faults);
    }

    [SkippableFact]
    public async Task Two_who_edit_the_same_job_do_not_undo_each_other()
    {
        using var api = shared.Node.Client();
        var id = (string)(await api.CreateAsync(more: new { name = "both" + Guid.NewGuid().ToString("N") }))["job_id"]!;
        await using var visitor = await chromium.VisitAsync(shared.Node.Address);
        await visitor.GoAsync($"/jobs/{id}/edit");
        (await api.PatchAsync($"jobs/{id}", new { timeout_seconds = 5 })).Ok();
        await visitor.Page.GetByLabel("Schedule").FillAsync("@hourly");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Save", Exact = true }).ClickAsync();
        await Assertions.Expect(visitor.Page.GetByText("somebody else has changed this job meanwhile")).ToBeVisibleAsync();
        Assert.Equal(5, (int)(await api.GetAsync($"jobs/{id}")).Json["timeout_seconds"]!);
    }

    [SkippableFact]
    public async Task A_script_comes_from_a_file_and_a_job_is_copied()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder.Of("from-file.rb"), "puts 'from a file'\n");
        var name = "file" + Guid.NewGuid().ToString("N");
        await using var visitor = await chromium.VisitAsync(shared.Node.Address);
        var page = visitor.Page;
        await visitor.GoAsync("/jobs/new");
        await page.Locator("#name").FillAsync(name);
        await page.GetByLabel("Schedule").FillAsync("@yearly");
        await page.GetByLabel("Script from a file").SetInputFilesAsync(folder.Of("from-file.rb"));
        await Assertions.Expect(page.GetByLabel("Script", new() { Exact = true })).ToHaveValueAsync("puts 'from a file'\n");
        await Assertions.Expect(page.GetByLabel("Interpreter")).ToHaveValueAsync("ruby");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Copy" }).ClickAsync();
        await Assertions.Expect(page.Locator("#name")).ToHaveValueAsync("");
        await Assertions.Expect(page.GetByLabel("Schedule")).ToHaveValueAsync("@yearly");
        await Assertions.Expect(page.GetByLabel("Script", new() { Exact = true })).ToHaveValueAsync("puts 'from a file'\n");
        Assert.Empty(visitor.Faults);
    }
}
