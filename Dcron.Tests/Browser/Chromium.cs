using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Dcron.Tests.Storage;
using Microsoft.Playwright;

namespace Dcron.Tests.Browser;

/// <summary>A real browser, started once for all tests of the console.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];

    private static readonly string[] Arguments =
    [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--disable-dev-shm-usage", "--hide-scrollbars",
    ];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async Task InitializeAsync()
    {
        if (Program() is not { } program)
            return;

        Assertions.SetDefaultExpectTimeout(30_000);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = program, Args = Arguments, Timeout = 60_000 });
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _playwright?.Dispose();
    }

    /// <summary>A fresh visitor of a server.</summary>
    public async Task<Visitor> VisitAsync(Uri server, ColorScheme scheme = ColorScheme.Light, string zone = "UTC", int width = 1280, int height = 900)
    {
        Requirement.Needs(_browser is not null, "there is no Chromium (on Debian: apt-get install chromium)");
        var context = await _browser!.NewContextAsync(new BrowserNewContextOptions
        {
            BaseURL = server.ToString(),
            ColorScheme = scheme,
            TimezoneId = zone,
            Locale = "en-GB",
            ViewportSize = new ViewportSize { Width = width, Height = height },
            ReducedMotion = ReducedMotion.Reduce,
        });
        context.SetDefaultTimeout(30_000);
        return new Visitor(context, await context.NewPageAsync());
    }

    private static string? Program() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .SelectMany(folder => Names.Select(name => Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);
}

/// <summary>Somebody with a browser, and what went wrong in it.</summary>
public sealed class Visitor : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly List<string> _faults = [];

    public Visitor(IBrowserContext context, IPage page)
    {
        (_context, Page) = (context, page);
        page.PageError += (_, error) => Keep(error);
        page.Console += (_, message) =>
        {
            // A refused form or a server that is away is told by the network itself, and is part of some tests.
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
                Keep(message.Text);
        };
    }

    public IPage Page { get; }

    /// <summary>Script errors and what the security policy refused.</summary>
    public IReadOnlyList<string> Faults
    {
        get
        {
            lock (_faults)
                return [.. _faults];
        }
    }

    /// <summary>Goes to a page and checks that it came.</summary>
    public async Task GoAsync(string path, int status = 200)
    {
        var answer = await Page.GotoAsync(path);
        Assert.True(answer!.Status == status, $"{path} answered {answer.Status}");
    }

    /// <summary>Checks the page against the rules of WCAG 2.2, levels A and AA.</summary>
    public async Task CheckAccessAsync(string what)
    {
        var options = new AxeRunOptions { RunOnly = new RunOnlyOptions { Type = "tag", Values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] } };
        var result = await Page.RunAxe(options);
        Assert.True(result.Violations.Length == 0, $"{what}:\n" + string.Join('\n', result.Violations.Select(violation =>
            $"{violation.Id} ({violation.Impact}): {violation.Help}\n   " + string.Join("\n   ", violation.Nodes.Take(5).Select(node => $"{node.Html} — {string.Join("; ", node.Any.Select(check => check.Message))}")))));
    }

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();

    private void Keep(string fault)
    {
        lock (_faults)
            _faults.Add(fault);
    }
}

[CollectionDefinition(Name)]
public sealed class ConsoleCollection : ICollectionFixture<Chromium>, ICollectionFixture<Api.OpenNode>
{
    public const string Name = "console";
}
