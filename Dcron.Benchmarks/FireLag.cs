using System.Globalization;
using Dcron.Tests;
using Dcron.Tests.Node;

namespace Dcron.Benchmarks;

/// <summary>Fire lag: start of the process minus the fire time.</summary>
internal static class FireLag
{
    public static async Task RunAsync()
    {
        using var folder = new TempFolder();
        await using var node = await NodeProcess.StartAsync(folder.Of("data"), "--Dcron:Worker:Slots", "50");
        var location = await node.UploadAsync("pass.py", "pass\n");
        await node.CreateJobAsync(new { time = "* * * * * *", script_type = "python", script_location = location, name = "each-second" });
        await Measure(node, "one job due per second", jobs: 1, seconds: 45, async () => await Task.CompletedTask);

        await node.Client.PostAsync(new Uri($"jobs/{await IdOf(node, "each-second")}/pause", UriKind.Relative), null);
        await Measure(node, "50 jobs due in the same second", jobs: 50, seconds: 45, async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                await node.CreateJobAsync(new { time = "*/10 * * * * *", script_type = "python", script_location = location });
            }
        });
    }

    private static async Task Measure(NodeProcess node, string title, int jobs, int seconds, Func<Task> prepare)
    {
        Figures.Title($"Fire lag, {title}");
        await prepare();
        var from = TimeProvider.System.GetUtcNow().AddSeconds(2);
        await Task.Delay(TimeSpan.FromSeconds(seconds), TimeProvider.System);
        var since = Uri.EscapeDataString(from.ToString("O", CultureInfo.InvariantCulture));
        var executions = (await node.GetAsync($"executions?limit=500&result=succeeded&from={since}")).AsArray();
        var lags = executions.Select(execution => ((DateTimeOffset)execution!["started_at"]! - (DateTimeOffset)execution["execution_date"]!).TotalMilliseconds).ToList();
        Figures.Row($"{lags.Count} executions of {jobs} job(s)",
            $"p50 {Figures.Percentile(lags, 50):F0} ms  p99 {Figures.Percentile(lags, 99):F0} ms  max {lags.Max():F0} ms");
    }

    private static async Task<string> IdOf(NodeProcess node, string name) => (string)(await node.GetAsync($"jobs?name={name}"))[0]!["job_id"]!;
}
