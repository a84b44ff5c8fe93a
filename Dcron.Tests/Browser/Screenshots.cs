using System.Text;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;
using Dcron.Storage.Objects;
using Dcron.Tests.Api;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;

namespace Dcron.Tests.Browser;

/// <summary>
/// A picture of each page, with something on it. <c>DCRON_SCREENSHOTS=docs/screenshots dotnet test Dcron.Tests --filter Screenshots</c> keeps them.
/// </summary>
[Collection(ConsoleCollection.Name)]
public sealed class Screenshots(Chromium chromium)
{
    private const int LargestBytes = 150_000;
    private const int Width = 1100;
    private const int Height = 620;

    private static readonly (string Name, string Type, string Time, string Zone, int Seconds, int FailsEvery)[] Jobs =
    [
        ("nightly-backup", "python", "0 2 * * *", "Europe/Lisbon", 340, 19), ("invoice-run", "python", "15 6 * * MON-FRI", "Europe/Lisbon", 95, 7),
        ("sync-catalogue", "ruby", "*/30 * * * *", "UTC", 42, 23), ("rotate-tokens", "python", "H H * * *", "UTC", 3, 0), ("search-index", "python", "0 * * * *", "UTC", 210, 11),
        ("mail-digest", "ruby", "0 8 * * MON-FRI", "America/New_York", 18, 0), ("clean-uploads", "python", "30 3 * * *", "UTC", 66, 29), ("month-close", "python", "0 5 1 * *", "Europe/Lisbon", 1260, 0),
    ];

    private const string Working = """
        import time
        for i in range(1, 100000):
            level = "\033[33mWARN\033[0m" if i % 9 == 0 else "\033[32mINFO\033[0m"
            print(f"{level} batch {i:04d}: {i * 37 % 1000} records indexed in {i * 13 % 90} ms", flush=True)
            time.sleep(0.05 if i > 200 else 0)
        """;

    [SkippableFact]
    public async Task Each_page_has_its_picture()
    {
        await using var node = await ApiNode.StartAsync();
        var (job, running) = await FillAsync(node);
        var folder = Environment.GetEnvironmentVariable("DCRON_SCREENSHOTS");
        if (folder is not null)
            Directory.CreateDirectory(folder = Path.Combine(Root(), folder));

        await FillAccessAsync(node);
        var (from, to) = (Day(-9), Day(-2));
        (string Name, string Path, string Shows)[] pages =
        [
            ("overview", "/", ".tiles"), ("jobs", "/jobs", "table.jobs"), ("job", $"/jobs/{job}", "#job"), ("edit", $"/jobs/{job}/edit", "form"), ("new", "/jobs/new", "form"),
            ("backfill", $"/jobs/{job}/backfill?from={from}&to={to}", "#plan"), ("executions", "/executions", "table"),
            ("execution", $"/executions/{Uri.EscapeDataString(running)}", "#log .ll:has-text('records indexed')"), ("calendar", "/calendar?by=load", ".heat"), ("workers", "/workers", "h1"),
            ("secrets", "/secrets", "table"), ("keys", "/keys", "table"), ("audit", "/audit", "table"),
        ];
        foreach (var scheme in (ColorScheme[])[ColorScheme.Light, ColorScheme.Dark])
        {
            await using var visitor = await chromium.VisitAsync(node.Address, scheme, zone: "Europe/Lisbon", width: Width, height: Height);
            foreach (var (name, path, shows) in pages.Where(page => scheme == ColorScheme.Light || page.Name is "overview" or "job" or "execution"))
                await KeepAsync(visitor, path, shows, folder, scheme == ColorScheme.Light ? name : $"{name}-dark");
        }

        await using (var phone = await chromium.VisitAsync(node.Address, zone: "Europe/Lisbon", width: 390, height: 780))
        {
            foreach (var (name, path, shows) in pages.Where(page => page.Name is "overview" or "jobs" or "execution"))
                await KeepAsync(phone, path, shows, folder, $"phone-{name}");
        }

        await using var empty = await ApiNode.StartAsync("--Dcron:Api:RequireKey", "true", "--Dcron:Api:AdminKey", Api.KeyedNode.AdminKey);
        await using var newcomer = await chromium.VisitAsync(empty.Address, zone: "Europe/Lisbon", width: Width, height: Height);
        await KeepAsync(newcomer, "/signin", "form", folder, "sign-in", hasZone: false);
        await newcomer.Page.GetByLabel("API key").FillAsync(Api.KeyedNode.AdminKey);
        await newcomer.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await KeepAsync(newcomer, "/", "h1", folder, "first-run");
    }

    private static async Task KeepAsync(Visitor visitor, string path, string shows, string? folder, string name, bool hasZone = true)
    {
        var page = visitor.Page;
        await visitor.GoAsync(path);
        if (hasZone)
            await Assertions.Expect(page.Locator(".zone")).ToHaveTextAsync("Europe/Lisbon");
        await Assertions.Expect(page.Locator(shows).First).ToBeAttachedAsync();
        Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"), $"{name} is wider than its window");

        // How well a picture packs depends on the machine's fonts: one that is too large shows less of its page.
        var picture = Array.Empty<byte>();
        for (var height = page.ViewportSize!.Height; height >= page.ViewportSize.Height / 2 && picture.Length is 0 or >= LargestBytes; height -= 40)
            picture = await page.ScreenshotAsync(new PageScreenshotOptions { Animations = ScreenshotAnimations.Disabled, Clip = new Clip { Width = page.ViewportSize.Width, Height = height } });
        Assert.True(picture.Length < LargestBytes, $"{name} has {picture.Length} bytes");
        Assert.Empty(visitor.Faults);
        if (folder is not null)
            await File.WriteAllBytesAsync(Path.Combine(folder, name + ".png"), picture);
    }

    /// <summary>Keys and secrets of some people, and with them an audit.</summary>
    private static async Task FillAccessAsync(ApiNode node)
    {
        using var api = node.Client();
        foreach (var (name, role, namespaces) in ((string, string, string[]?)[])[("deploy pipeline", "operator", ["payments", "default"]), ("wall screen", "viewer", null), ("Ana", "admin", null)])
            (await api.PostAsync("keys", new { name, role, namespaces })).Ok(201);
        foreach (var (name, place) in ((string, string)[])[("db-password", "payments"), ("smtp-token", "default"), ("backup-key", "default")])
            (await api.PutAsync($"secrets/{name}?namespace={place}", new { value = "not a real one" })).Ok(201);
    }

    private static string Day(int days) => TimeProvider.System.GetUtcNow().AddDays(days).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Jobs with a month behind them, and one that runs.</summary>
    private static async Task<(string Job, string Running)> FillAsync(ApiNode node)
    {
        using var api = node.Client();
        var (history, objects) = (node.Services.GetRequiredService<ExecutionHistory>(), node.Services.GetRequiredService<IObjectStore>());
        var now = TimeProvider.System.GetUtcNow();
        Assert.True(ObjectLocation.TryParse($"s3://{objects.DefaultBucket}/logs/sample.log", out var log, out _));
        await objects.PutAsync(log, Encoding.UTF8.GetBytes("done\n"), "text/plain");
        var (shown, running) = ("", "");
        foreach (var (name, type, time, zone, seconds, failsEvery) in Jobs)
        {
            var location = await api.UploadAsync(type == "ruby" ? "puts 'done'\n" : Working, type == "ruby" ? $"{name}.rb" : $"{name}.py");
            var job = (await api.PostAsync("jobs", new { name, time, timezone = zone, script_type = type, script_location = location, labels = new { team = name.Length % 2 == 0 ? "data" : "ops" } })).Ok(201).Json;
            var id = JobId.Parse((string)job["job_id"]!);
            var executions = Enumerable.Range(1, 90).Select(i =>
            {
                var fired = ExecutionId.Scheduled(id, now.AddMinutes(-i * (time.StartsWith("*/30", StringComparison.Ordinal) ? 30 : 60)));
                var failed = failsEvery > 0 && i % failsEvery == 4;
                var took = seconds * (0.7 + (i * 37 % 60 / 100.0));
                return new ExecutionDocument
                {
                    ExecutionId = fired, JobId = id, ExecutionDate = fired.FireTime, ExecutionResult = failed ? ExecutionResult.Failed : ExecutionResult.Succeeded, ExitStatus = failed ? 2 : 0,
                    StartedAt = fired.FireTime.AddMilliseconds(12), FinishedAt = fired.FireTime.AddMilliseconds(12).AddSeconds(took), ClaimedAt = fired.FireTime.AddMilliseconds(6),
                    WorkerId = "127.0.0.1:11111@154452482", LogsPath = log.ToString(), LogBytes = 5 + (i * 811), JobVersion = 1, Trigger = ExecutionTrigger.Schedule,
                };
            }).ToList();
            await history.CreateManyAsync(executions);
            if (name == "search-index")
            {
                (await api.PatchAsync($"jobs/{id}", new { timeout_seconds = 900, retries = new { count = 2 } })).Ok();
                shown = id.Value;
                running = (string)(await api.PostAsync($"jobs/{id}/run")).Ok(202).Json["execution_id"]!;
                await api.RunningAsync(running);
            }
        }

        return (shown, running);
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Dcron.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException("The tests do not run inside the repository.");
        return folder.FullName;
    }
}
