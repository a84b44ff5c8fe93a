using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Storage.Objects;
using Dcron.Tests.Api;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Dcron.Tests.Browser;

/// <summary>Logs in the browser: large ones, live ones, coloured ones.</summary>
[Collection(ConsoleCollection.Name)]
public sealed class LogViewTests(Chromium chromium, OpenNode shared)
{
    private const int Lines = 600_000;

    [SkippableFact]
    public async Task A_large_log_is_opened_scrolled_searched_and_linked_to_by_the_parts_that_are_in_sight()
    {
        var execution = await StoreAsync(Numbered(Lines));
        await using var visitor = await chromium.VisitAsync(shared.Node.Address);
        var page = visitor.Page;
        long fetched = 0;
        page.Response += (_, answer) =>
        {
            if (answer.Url.EndsWith("/log", StringComparison.Ordinal))
                Interlocked.Add(ref fetched, long.Parse(answer.Headers["content-length"], CultureInfo.InvariantCulture));
        };
        await visitor.GoAsync($"/executions/{Uri.EscapeDataString(execution)}");
        await Assertions.Expect(page.Locator("#log-state")).ToHaveTextAsync("600,000 lines");
        await Assertions.Expect(Line(page, 1)).ToContainTextAsync("this is line 1 of many");

        await page.GetByRole(AriaRole.Button, new() { Name = "End", Exact = true }).ClickAsync();
        await Assertions.Expect(Line(page, Lines)).ToContainTextAsync($"this is line {Lines} of many");
        await Assertions.Expect(Line(page, Lines)).ToBeInViewportAsync();
        await page.Locator("#log").FocusAsync();
        await page.Keyboard.PressAsync("Home");
        await Assertions.Expect(Line(page, 1)).ToBeInViewportAsync();

        await page.GetByLabel("Search the log").FillAsync("LINE 456789 of");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#find-count")).ToHaveTextAsync("1 of 1");
        await Assertions.Expect(Line(page, 456_789).Locator("mark")).ToHaveTextAsync("line 456789 of");
        Assert.Contains("find=LINE", page.Url, StringComparison.Ordinal);

        await Line(page, 456_790).Locator("a").ClickAsync();
        Assert.EndsWith("#L456790", page.Url, StringComparison.Ordinal);
        await page.ReloadAsync();
        await Assertions.Expect(page.Locator(".ll.here")).ToContainTextAsync("this is line 456790 of many");
        await Assertions.Expect(page.Locator(".ll.here")).ToBeInViewportAsync();
        Assert.True(fetched < 12 * 1024 * 1024, $"{fetched} bytes were fetched");
        Assert.Empty(visitor.Faults);
    }

    [SkippableFact]
    public async Task Colours_are_shown_control_characters_are_not_and_nothing_becomes_markup()
    {
        var execution = await StoreAsync("plain\n\u001b[1;31mbold red\u001b[0m then \u001b[38;5;46mgreen\u001b[m\n<script>alert(1)</script>&amp;\nprogress 1%\rprogress 99%\r\n\u001b]0;title\u0007after\u0001\nno line break at the end");
        await using var visitor = await chromium.VisitAsync(shared.Node.Address);
        await visitor.GoAsync($"/executions/{Uri.EscapeDataString(execution)}");
        var page = visitor.Page;
        await Assertions.Expect(page.Locator("#log-state")).ToHaveTextAsync("6 lines");
        await Assertions.Expect(page.Locator(".ll .a-b.c1")).ToHaveTextAsync("bold red");
        await Assertions.Expect(page.Locator(".ll .c2")).ToHaveTextAsync("green");
        await Assertions.Expect(Line(page, 3)).ToHaveTextAsync("3<script>alert(1)</script>&amp;");
        await Assertions.Expect(Line(page, 4)).ToHaveTextAsync("4progress 99%");
        await Assertions.Expect(Line(page, 5)).ToHaveTextAsync("5after");
        await Assertions.Expect(Line(page, 6)).ToHaveTextAsync("6no line break at the end");
        Assert.Empty(visitor.Faults);
    }

    [SkippableFact]
    public async Task What_came_by_stderr_is_red_where_a_job_wants_it_marked()
    {
        using var api = shared.Node.Client();
        var execution = await api.StartAsync("import sys\nprint('to stdout', flush=True)\nprint('to stderr\\nand again', file=sys.stderr)", new { stderr = "marked" });
        await using var visitor = await chromium.VisitAsync(shared.Node.Address);
        await visitor.GoAsync($"/executions/{Uri.EscapeDataString(execution)}");
        await Assertions.Expect(visitor.Page.Locator(".ll .c1")).ToHaveTextAsync(["to stderr", "and again"]);
        await Assertions.Expect(visitor.Page.Locator(".ll").Filter(new() { HasText = "to stdout" }).Locator(".c1")).ToHaveCountAsync(0);
        Assert.Empty(visitor.Faults);
    }

    [SkippableFact]
    public async Task A_running_script_is_followed_until_somebody_scrolls_up_and_then_cancelled()
    {
        using var api = shared.Node.Client();
        var execution = await api.StartAsync("import time\nfor i in range(100000):\n    print('line', i, 'ü', flush=True)\n    time.sleep(0.005)");
        await using var visitor = await chromium.VisitAsync(shared.Node.Address);
        var page = visitor.Page;
        await visitor.GoAsync($"/executions/{Uri.EscapeDataString(execution)}");
        await page.WaitForFunctionAsync("() => { const log = document.getElementById('log'); return log.scrollHeight > 4000 && log.scrollHeight - log.scrollTop - log.clientHeight < 100; }");
        await page.Locator("#log").HoverAsync();
        await page.Mouse.WheelAsync(0, -2000);
        await Assertions.Expect(page.GetByLabel("Follow")).Not.ToBeCheckedAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { NameRegex = new Regex("cancelled") })).ToBeVisibleAsync();
        var end = await api.EndOfAsync(execution);
        Assert.Equal("Cancelled by this machine in the console.", (string?)end["reason"]);
        var text = (await api.GetAsync($"executions/{execution}/log")).Ok().Text;
        var last = text.Count(c => c == '\n');
        await page.GetByRole(AriaRole.Button, new() { Name = "End", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("#log-state")).ToHaveTextAsync($"{last.ToString("#,##0", CultureInfo.InvariantCulture)} lines");
        await Assertions.Expect(Line(page, last)).ToContainTextAsync(text.Split('\n')[last - 1]);
        Assert.Empty(visitor.Faults);
    }

    [SkippableFact]
    public async Task A_launch_that_nobody_takes_says_why_it_waits_and_that_there_is_no_log()
    {
        using var api = shared.Node.Client();
        var execution = await api.StartAsync("print('never')", new { worker_selector = new { nobody = "has-this" } });
        await using var visitor = await chromium.VisitAsync(shared.Node.Address);
        await visitor.GoAsync($"/executions/{Uri.EscapeDataString(execution)}");
        await Assertions.Expect(visitor.Page.GetByText("no worker has taken it yet")).ToBeVisibleAsync();
        await Assertions.Expect(visitor.Page.Locator("#log")).ToContainTextAsync("Nothing yet");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();
        await Assertions.Expect(visitor.Page.Locator("#log")).ToContainTextAsync("has no log");
    }

    private static ILocator Line(IPage page, int number) => page.Locator($".ll:has(> a[href='#L{number}'])");

    private static string Numbered(int lines)
    {
        var text = new StringBuilder();
        for (var i = 1; i <= lines; i++)
            text.Append(CultureInfo.InvariantCulture, $"2026-03-29T01:00:00.000Z INFO this is line {i} of many that a long script writes\n");
        return text.ToString();
    }

    /// <summary>An execution that is over, with a log of its own.</summary>
    private async Task<string> StoreAsync(string log)
    {
        var services = shared.Node.Services;
        var (objects, history) = (services.GetRequiredService<IObjectStore>(), services.GetRequiredService<ExecutionHistory>());
        var job = JobId.New(TimeProvider.System.GetUtcNow());
        var now = TimeProvider.System.GetUtcNow();
        var bytes = Encoding.UTF8.GetBytes(log);
        Assert.True(ObjectLocation.TryParse($"s3://{objects.DefaultBucket}/logs/{job}.log", out var location, out _));
        await objects.PutAsync(location, bytes, "text/plain");
        var execution = new ExecutionDocument
        {
            ExecutionId = ExecutionId.Scheduled(job, now),
            JobId = job,
            ExecutionDate = ExecutionId.Scheduled(job, now).FireTime,
            ExecutionResult = ExecutionResult.Succeeded,
            ExitStatus = 0,
            StartedAt = now,
            FinishedAt = now,
            LogsPath = location.ToString(),
            LogBytes = bytes.Length,
        };
        await history.CreateAsync(execution);
        return execution.ExecutionId.ToString();
    }
}
