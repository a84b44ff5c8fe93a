using Dcron.Tests.Api;
using Microsoft.Playwright;

namespace Dcron.Tests.Browser;

/// <summary>Who gets in, and what each may see and do.</summary>
[Collection(ConsoleCollection.Name)]
public sealed class SignInTests(Chromium chromium) : IAsyncLifetime
{
    private ApiNode _node = null!;

    public async Task InitializeAsync() => _node = await ApiNode.StartAsync("--Dcron:Api:RequireKey", "true", "--Dcron:Api:AdminKey", KeyedNode.AdminKey);

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [SkippableFact]
    public async Task A_browser_signs_in_with_a_key_and_goes_on_to_where_it_wanted()
    {
        await using var visitor = await chromium.VisitAsync(_node.Address);
        var page = visitor.Page;
        await visitor.GoAsync("/jobs?name=x");
        await visitor.CheckAccessAsync("sign-in");
        await page.GetByLabel("API key").FillAsync("dcron_not_a_key");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Alert)).ToHaveTextAsync("This key is not known, or was revoked.");
        await page.GetByLabel("API key").FillAsync(KeyedNode.AdminKey);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(page).ToHaveURLAsync(new Uri(_node.Address, "/jobs?name=x").ToString());

        var session = Assert.Single(await page.Context.CookiesAsync(), cookie => cookie.Name == "dcron_session");
        Assert.Equal((true, SameSiteAttribute.Strict), (session.HttpOnly, session.SameSite));
        var stored = System.Text.Encoding.UTF8.GetString((await _node.Documents.QueryAsync("console_sessions", new("by_expiry"))).Rows[0].Document!.Body.Span);
        Assert.DoesNotContain(session.Value, stored, StringComparison.Ordinal);
        Assert.DoesNotContain(KeyedNode.AdminKey, stored, StringComparison.Ordinal);
        Assert.DoesNotContain(session.Value, _node.Log.Text, StringComparison.Ordinal);

        await visitor.GoAsync("/dashboard/");
        await visitor.GoAsync("/");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Assertions.Expect(page.GetByLabel("API key")).ToBeVisibleAsync();
        using var thief = _node.Client();
        (await thief.GetAsync("jobs", ("Cookie", $"dcron_session={session.Value}"))).Problem(401, "key-needed");
        Assert.Empty(visitor.Faults);
    }

    [SkippableFact]
    public async Task A_viewer_sees_everything_and_is_offered_nothing_that_is_refused_anyway()
    {
        using var admin = _node.Client(KeyedNode.AdminKey);
        var name = "seen";
        var id = (string)(await admin.CreateAsync(more: new { name }))["job_id"]!;
        var key = (await admin.PostAsync("keys", new { name = "looks", role = "viewer" })).Ok(201).Json;
        await using var visitor = await chromium.VisitAsync(_node.Address);
        var page = visitor.Page;
        await visitor.GoAsync("/");
        await page.GetByLabel("API key").FillAsync((string)key["key"]!);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Jobs", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = name, Exact = true })).ToBeVisibleAsync();
        foreach (var offered in (string[])["New job", "Edit seen", "Delete seen", "Keys", "Orleans"])
            await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = offered })).ToHaveCountAsync(0);
        await Assertions.Expect(page.GetByRole(AriaRole.Button, new() { Name = "Run seen now" })).ToHaveCountAsync(0);
        await visitor.GoAsync($"/jobs/{id}/edit", 403);
        await Assertions.Expect(page.GetByText("needs the role operator")).ToBeVisibleAsync();
        await visitor.GoAsync("/keys", 403);

        var cookie = (await page.Context.CookiesAsync()).Single(cookie => cookie.Name == "dcron_session").Value;
        using var client = _node.Client();
        foreach (var action in (string[])[$"/console/jobs/{id}/run", $"/console/jobs/{id}/pause", $"/console/jobs/{id}/delete", "/console/sample", "/jobs/new", "/keys", "/console/workers/x/drain"])
            (await client.SendAsync("POST", action, null, ("Cookie", $"dcron_session={cookie}"))).Problem(403, "role-too-small");

        (await admin.DeleteAsync($"keys/{key["key_id"]}")).Ok(204);
        await admin.UntilAsync("jobs", _ => client.SendAsync("GET", "jobs", null, ("Cookie", $"dcron_session={cookie}")).Result.Status == 401);
        await visitor.GoAsync("/jobs");
        await Assertions.Expect(page.GetByLabel("API key")).ToBeVisibleAsync();
    }

    [SkippableFact]
    public async Task An_admin_makes_a_key_and_takes_it_back()
    {
        await using var visitor = await chromium.VisitAsync(_node.Address);
        var page = visitor.Page;
        await visitor.GoAsync("/keys");
        await page.GetByLabel("API key").FillAsync(KeyedNode.AdminKey);
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync("deploy");
        await page.GetByLabel("Role").SelectOptionAsync("operator");
        await page.GetByRole(AriaRole.Button, new() { Name = "Create" }).ClickAsync();
        var key = await page.Locator("#new-key").TextContentAsync();
        using var client = _node.Client(key);
        (await client.GetAsync("jobs")).Ok();
        await visitor.CheckAccessAsync("a new key");
        await page.Locator("summary").ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Yes, revoke deploy" }).ClickAsync();
        await Assertions.Expect(page.GetByText("Revoked: worthless here at once")).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText(key!)).ToHaveCountAsync(0);
        (await client.GetAsync("jobs")).Problem(401, "key-needed");
    }

    [Fact]
    public async Task A_foreign_page_can_do_nothing_with_the_session_of_its_visitor()
    {
        using var client = _node.Client();
        using var form = new FormUrlEncodedContent([new("key", KeyedNode.AdminKey), new("return", "/jobs")]);
        var signedIn = await client.SendAsync("POST", "/signin", form);
        Assert.Equal((303, "/jobs"), (signedIn.Status, signedIn.Header("Location")));
        var cookie = signedIn.Header("Set-Cookie")!.Split(';')[0];
        (await client.SendAsync("GET", "/api/v1/jobs", null, ("Cookie", cookie))).Ok();
        (await client.SendAsync("POST", "/console/sample", null, ("Cookie", cookie), ("Origin", "https://evil.example"))).Problem(403, "foreign-origin");
        (await client.SendAsync("POST", "/console/sample", null, ("Cookie", cookie), ("Sec-Fetch-Site", "cross-site"))).Problem(403, "foreign-origin");
        (await client.SendAsync("POST", "/console/sample", null, ("Cookie", cookie), ("Sec-Fetch-Site", "same-site"))).Problem(403, "foreign-origin");
        foreach (var elsewhere in (string[])["https://evil.example", "//evil.example", "/\\evil.example"])
        {
            using var again = new FormUrlEncodedContent([new("key", KeyedNode.AdminKey), new("return", elsewhere)]);
            Assert.Equal("/", (await client.SendAsync("POST", "/signin", again)).Header("Location"));
        }
    }
}
