using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dcron.Api.Access;
using Dcron.Api.Executions;
using Dcron.Api.Json;
using Dcron.Grains.Executions;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;

namespace Dcron.Api.Pages;

/// <summary>What a browser shows at <c>/</c>: where things are, and what ran last. No script, no form.</summary>
internal static class StartPage
{
    private const int Shown = 25;

    private const string Style = """
        body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
        table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #ddd;vertical-align:top}
        code{font-size:.9em}nav a{margin-right:1.2rem}.failed,.lost,.timed_out,.missed{color:#a40000}.succeeded{color:#0a5c0a}
        @media(prefers-color-scheme:dark){body{color:#e6e6e6;background:#161616}a{color:#8ab4f8}th,td{border-color:#444}.failed,.lost,.timed_out,.missed{color:#ff8a80}.succeeded{color:#81c995}}
        """;

    private static readonly string Policy =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void Map(IEndpointRouteBuilder app) =>
        app.MapGet("/", ShowAsync).RequireAuthorization(Words.Of(Role.Viewer)).ExcludeFromDescription();

    private static async Task<IResult> ShowAsync(HttpContext context, ExecutionHistory history)
    {
        var page = await history.PageAsync(new GetJobExecutions(null, Limit: Shown), context.RequestAborted);
        context.Response.Headers.ContentSecurityPolicy = Policy;
        return Results.Content(Render(page.Executions), "text/html; charset=utf-8");
    }

    internal static string Render(IReadOnlyList<ExecutionDocument> executions)
    {
        var html = new StringBuilder();
        html.Append(CultureInfo.InvariantCulture, $"""
            <!doctype html>
            <html lang="en">
            <head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>dcron</title><style>{Style}</style></head>
            <body>
            <h1>dcron</h1>
            <nav><a href="/openapi/v1.json">API description</a><a href="/api/v1/jobs">Jobs</a><a href="/api/v1/workers">Workers</a><a href="/healthz/ready">Health</a><a href="/metrics">Metrics</a><a href="/dashboard/">Orleans dashboard</a></nav>
            <h2>Latest executions</h2>

            """);
        if (executions.Count == 0)
        {
            html.Append("<p>Nothing has run yet. Create a job with <code>dcron job create</code> or <code>POST /api/v1/jobs</code>.</p>\n");
        }
        else
        {
            html.Append("<table><thead><tr><th>Fire time (UTC)</th><th>Job</th><th>Result</th><th>Exit</th><th>Log</th></tr></thead><tbody>\n");
            foreach (var execution in executions)
                html.Append(Row(execution)).Append('\n');
            html.Append("</tbody></table>\n");
        }

        return html.Append("</body>\n</html>\n").ToString();
    }

    private static string Row(ExecutionDocument execution)
    {
        var view = ExecutionView.Of(execution);
        var link = $"{ApiPaths.Root}/executions/{Uri.EscapeDataString(view.ExecutionId)}";
        var log = execution.LogsPath is not null || execution.ExecutionResult == ExecutionResult.Running ? $"<a href=\"{Html.Escape(link + "/log")}\">log</a>" : "";
        var exit = execution.ExitStatus?.ToString(CultureInfo.InvariantCulture) ?? execution.Signal ?? "";
        return $"<tr><td><a href=\"{Html.Escape(link)}\">{Html.Escape(execution.ExecutionDate.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture))}</a></td>"
            + $"<td><a href=\"{ApiPaths.Root}/jobs/{Html.Escape(view.JobId)}\"><code>{Html.Escape(view.JobId)}</code></a></td>"
            + $"<td class=\"{Html.Escape(view.ExecutionResult)}\" title=\"{Html.Escape(view.Reason)}\">{Html.Escape(view.ExecutionResult)}</td><td>{Html.Escape(exit)}</td><td>{log}</td></tr>";
    }
}
