using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Dcron.Tests;
using Dcron.Tests.Node;
using Microsoft.Playwright;

namespace Dcron.Benchmarks;

/// <summary>
/// The console over a folder that <c>seed</c> has filled: the whole answer of each page, the large log in a real browser, and how long a line takes from a script to the
/// page: <c>console FOLDER [pages|log|live]</c>.
/// </summary>
internal static partial class ConsolePages
{
    private const int Times = 5;
    private const int LiveLines = 20;

    private static readonly string[] Settings = ["--Dcron:Api:RateLimit:PerSecond", "0"];

    public static async Task RunAsync(string folder, string part)
    {
        if (part is "all" or "pages" or "log")
        {
            await using var node = await NodeProcess.StartAsync(folder, [.. Settings, "--Dcron:Worker:Enabled", "false"]);
            if (part != "log")
                await PagesAsync(node);
            if (part != "pages")
                await LogAsync(node);
            Figures.Row("the node, after all of that", $"{ProcessFigures.ResidentMiB(node.Pid):F0} MiB resident");
            await node.StopAsync();
        }

        if (part is "all" or "live")
            await LiveAsync();
    }

    private static async Task PagesAsync(NodeProcess node)
    {
        Figures.Title($"Pages: the whole answer, the first time and the median of {Times} more");
        var job = (string)(await node.GetAsync("jobs?limit=500")).AsArray()[350]!["job_id"]!;
        var execution = Uri.EscapeDataString((string)(await node.GetAsync("executions?limit=1")).AsArray()[0]!["execution_id"]!);
        var (fewJobs, fewExecutions) = (await LaterAsync(node, "/jobs"), await LaterAsync(node, "/executions"));
        await node.Client.GetStringAsync(new Uri("/calendar", UriKind.Relative));
        string[] pages =
        [
            "/", "/jobs", fewJobs, "/jobs?name=billing", "/jobs?name=nobody-has-this", "/jobs?label=team%3Ddata", "/jobs?label=nobody", "/jobs?state=paused", "/jobs?namespace=billing", "/jobs?namespace=nobody",
            $"/jobs/{job}", $"/jobs/{job}?result=lost", $"/jobs/{job}/edit", $"/jobs/{job}/backfill?from=2026-01-01&to=2026-02-01", "/jobs/new",
            "/executions", fewExecutions, "/executions?result=failed", "/executions?result=cancelled", "/executions?result=running",
            $"/executions?from={Day(-20)}&to={Day(-19)}", $"/executions?from={Day(-25)}&to={Day(-2)}&result=lost", $"/executions/{execution}",
            "/workers", "/secrets", "/keys", "/audit",
            "/api/v1/executions?namespace=default", "/api/v1/executions?namespace=default&result=lost", "/api/v1/executions?namespace=billing&result=lost", "/api/v1/executions?result=running",
            "/calendar",
        ];
        foreach (var page in pages)
        {
            var (first, rest) = (await MillisecondsAsync(node, page), new List<double>());
            for (var i = 0; i < Times; i++)
                rest.Add(await MillisecondsAsync(node, page));
            Figures.Row(page.Length > 44 ? page[..43] + "…" : page, $"{first,6:F0} {Figures.Median(rest),6:F0} ms");
        }
    }

    private static async Task LogAsync(NodeProcess node)
    {
        Figures.Title($"A log of a gigabyte in a browser, medians of {Times}");
        var execution = (await node.GetAsync("executions?limit=500")).AsArray().First(one => (long?)one!["log_bytes"] > 1 << 29)!;
        var path = $"/executions/{Uri.EscapeDataString((string)execution["execution_id"]!)}";
        await using var browser = await Browser.StartAsync();
        var opens = new List<double>();
        for (var i = 0; i <= Times; i++)
        {
            var page = await browser.VisitAsync(node);
            var opened = await SecondsAsync(() => OpenAsync(page, path, "#log .ll:has(a[href='#L1'])"));
            await page.CloseAsync();
            if (i > 0) // the first one warms the browser
                opens.Add(opened);
        }

        Figures.Row("from the address to the first lines", $"{Figures.Median(opens):F2} s (most: {opens.Max():F2})");
        await MeasureReadingAsync(await browser.VisitAsync(node), path);
    }

    private static async Task MeasureReadingAsync(IPage page, string path)
    {
        Figures.Row("from a link to line 5,000,000 to that line", $"{await SecondsAsync(() => OpenAsync(page, path + "#L5000000", "#log .ll.here")):F2} s");
        await page.GotoAsync("about:blank");
        Figures.Row("until all lines are counted", $"{await SecondsAsync(async () =>
        {
            await OpenAsync(page, path, "#log .ll");
            await Assertions.Expect(page.Locator("#log-state")).ToHaveTextAsync(AllCounted(), new() { Timeout = 120_000 });
        }):F1} s");
        var lines = int.Parse((await page.Locator("#log-state").InnerTextAsync()).Split(' ')[0], NumberStyles.AllowThousands, CultureInfo.InvariantCulture);
        Figures.Row($"then to the end, line {lines}", $"{await SecondsAsync(async () =>
        {
            await page.GetByRole(AriaRole.Button, new() { Name = "End", Exact = true }).ClickAsync();
            await page.Locator($".ll:has(> a[href='#L{lines}'])").WaitForAsync();
        }):F2} s");
        Figures.Row("then a link to line 5,000,000", $"{await SecondsAsync(async () =>
        {
            await page.EvaluateAsync("() => { location.hash = '#L5000000'; }");
            await page.Locator(".ll.here").WaitForAsync();
        }):F2} s");
        foreach (var wanted in new[] { 10_000, 5_000_000, lines - 1 })
        {
            Figures.Row($"a search for what is in line {wanted} only", $"{await SecondsAsync(async () =>
            {
                await page.GetByLabel("Search the log").FillAsync($"request {wanted} in");
                await page.Keyboard.PressAsync("Enter");
                await Assertions.Expect(page.Locator(".ll.hit")).ToContainTextAsync($"request {wanted} in", new() { Timeout = 120_000 });
            }):F2} s");
        }
    }

    private static async Task LiveAsync()
    {
        Figures.Title($"From a script's print to the page, {LiveLines} lines");
        using var folder = new TempFolder();
        await using var node = await NodeProcess.StartAsync(folder.Path, Settings);
        var location = await node.UploadAsync("clock.py", "import time\nfor i in range(200):\n    print(f'at {time.time() * 1000:.1f}', flush=True)\n    time.sleep(0.437)\n");
        var job = await node.CreateJobAsync(new { name = "clock", time = "0 0 1 1 *", script_type = "python", script_location = location });
        var execution = (string)(await node.PostAsync($"jobs/{job["job_id"]}/run"))["execution_id"]!;
        await node.UntilAsync($"executions/{Uri.EscapeDataString(execution)}", answer => (string?)answer["execution_result"] == "running");
        await using var browser = await Browser.StartAsync();
        var page = await browser.VisitAsync(node);
        await OpenAsync(page, $"/executions/{Uri.EscapeDataString(execution)}", "#log .ll");
        var delays = await page.EvaluateAsync<double[]>(
            """
            wanted => new Promise(done => {
                const log = document.getElementById('log'), seen = new Set(log.innerText.match(/at [\d.]+/g)), delays = [];
                new MutationObserver(() => {
                    for (const line of log.innerText.match(/at [\d.]+/g) ?? []) {
                        if (seen.has(line)) continue;
                        seen.add(line);
                        delays.push(performance.timeOrigin + performance.now() - Number(line.slice(3)));
                    }
                    if (delays.length >= wanted) done(delays);
                }).observe(log, { childList: true, subtree: true, characterData: true });
            })
            """,
            LiveLines);
        Figures.Row("median, most", $"{Figures.Median(delays):F0} ms, {delays.Max():F0} ms");
    }

    private static async Task OpenAsync(IPage page, string path, string until)
    {
        await page.GotoAsync(path, new PageGotoOptions { WaitUntil = WaitUntilState.Commit });
        await page.Locator(until).First.WaitForAsync(new LocatorWaitForOptions { Timeout = 120_000 });
    }

    /// <summary>The address of a page some way further on in a list.</summary>
    private static async Task<string> LaterAsync(NodeProcess node, string path)
    {
        for (var i = 0; i < 6; i++)
        {
            var text = await node.Client.GetStringAsync(new Uri(path, UriKind.Relative));
            path = System.Net.WebUtility.HtmlDecode(NextPage().Match(text).Groups[1].Value);
        }

        return path;
    }

    private static async Task<double> MillisecondsAsync(NodeProcess node, string path)
    {
        var start = Stopwatch.GetTimestamp();
        await node.Client.GetByteArrayAsync(new Uri(path, UriKind.Relative));
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static async Task<double> SecondsAsync(Func<Task> what)
    {
        var start = Stopwatch.GetTimestamp();
        await what();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static string Day(int days) => TimeProvider.System.GetUtcNow().AddDays(days).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    [GeneratedRegex("href=\"([^\"]*cursor=[^\"]*)\" rel=\"next\"")]
    private static partial Regex NextPage();

    [GeneratedRegex("^[\\d,]+ lines$")]
    private static partial Regex AllCounted();

    /// <summary>Debian's, with a new visitor for each look: nothing is in a cache.</summary>
    private sealed class Browser(IPlaywright playwright, IBrowser browser) : IAsyncDisposable
    {
        public static async Task<Browser> StartAsync()
        {
            var playwright = await Playwright.CreateAsync();
            return new Browser(playwright, await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = "/usr/bin/chromium", Args = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"] }));
        }

        public async Task<IPage> VisitAsync(NodeProcess node)
        {
            var context = await browser.NewContextAsync(new BrowserNewContextOptions { BaseURL = new Uri(node.Client.BaseAddress!, "/").ToString(), TimezoneId = "UTC" });
            return await context.NewPageAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await browser.DisposeAsync();
            playwright.Dispose();
        }
    }
}
