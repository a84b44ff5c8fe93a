using Dcron.Tests.Api;
using Dcron.Tests.Node;
using Microsoft.Playwright;

namespace Dcron.Tests.Browser;

/// <summary>Servers that go away and come back, and servers that take turns.</summary>
[Collection(ConsoleCollection.Name)]
public sealed class AwayAndBackTests(Chromium chromium)
{
    [SkippableFact]
    public async Task A_page_says_that_its_server_is_away_and_goes_on_by_itself_when_it_is_back()
    {
        using var folder = new TempFolder();
        await using var node = await NodeProcess.StartAsync(folder.Of("data"));
        await using var visitor = await chromium.VisitAsync(new Uri($"http://127.0.0.1:{node.ApiPort}/"));
        await visitor.GoAsync("/jobs");
        await node.KillAsync();
        var note = visitor.Page.Locator("#connection");
        await Assertions.Expect(note).ToContainTextAsync("The server does not answer");
        await node.StartAgainAsync();
        var location = await node.UploadAsync("a.py", "print(1)");
        await node.CreateJobAsync(new { time = "@yearly", script_type = "python", script_location = location, name = "meanwhile" });
        await Assertions.Expect(visitor.Page.GetByRole(AriaRole.Link, new() { Name = "meanwhile", Exact = true })).ToBeVisibleAsync();
        await Assertions.Expect(note).ToBeHiddenAsync();
    }

    [SkippableFact]
    public async Task Two_servers_that_take_turns_serve_one_session()
    {
        // Two nodes of one cluster, behind a proxy that hands each request to the other one than the last.
        using var folder = new TempFolder();
        string[] settings = ["--Dcron:Api:RequireKey", "true", "--Dcron:Api:AdminKey", KeyedNode.AdminKey];
        await using var first = await ApiNode.StartAsync([.. settings, "--Dcron:DataPath", folder.Of("data")]);
        await using var second = await ApiNode.StartAsync([.. settings, "--Dcron:DataPath", folder.Of("data")]);
        await using var proxy = await TurnProxy.StartAsync(first.Address, second.Address);
        await using var visitor = await chromium.VisitAsync(proxy.Address);
        var page = visitor.Page;
        await visitor.GoAsync("/jobs/new");
        await page.GetByLabel("API key").FillAsync(KeyedNode.AdminKey);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.Locator("#name").FillAsync("turns");
        await page.GetByLabel("Schedule").FillAsync("@yearly");
        await Assertions.Expect(page.Locator("#preview")).ToContainTextAsync("on 1 January");
        await page.GetByLabel("Script", new() { Exact = true }).FillAsync("import time\nfor i in range(20):\n    print('turn', i, flush=True)\n    time.sleep(0.1)\n");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create and run now" }).ClickAsync();
        await Assertions.Expect(page.Locator("#log").GetByText("turn 19")).ToBeVisibleAsync();
        Assert.All(proxy.Served, served => Assert.True(served > 5, $"a server got only {served} requests"));
        Assert.Empty(visitor.Faults);
    }
}
