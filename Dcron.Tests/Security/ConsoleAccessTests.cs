using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Dcron.Tests.Api;

namespace Dcron.Tests.Security;

/// <summary>The console for keys that are limited to a namespace, and what the audit says of its buttons.</summary>
public sealed class ConsoleAccessTests(TwoNamespaces node) : IClassFixture<TwoNamespaces>
{
    [Fact]
    public async Task No_page_shows_a_limited_key_anything_of_another_namespace()
    {
        var mine = await node.NewJobAsync(TwoNamespaces.Mine);
        using var admin = node.Admin();
        await admin.EndOfAsync((string)(await admin.PostAsync($"jobs/{mine}/run")).Ok(202).Json["execution_id"]!);
        using var limited = node.As($"admin of {TwoNamespaces.Mine}");
        foreach (var path in (string[])["/", "/jobs", "/jobs?namespace=blue", "/executions", "/executions?result=running", "/executions?result=succeeded", "/workers", "/calendar", "/secrets", "/keys", "/audit", "/audit?namespace=blue", $"/audit?target=job:{node.TheirJob}", "/jobs/new", $"/jobs/new?from={node.TheirJob}"])
        {
            var page = await limited.GetAsync(path);
            Assert.True(page.Status == 200, $"{path}: {page.Status}");
            // What was asked for stands in the page again; nothing else of theirs does.
            var text = path.Contains('?') ? page.Text.Replace(Uri.EscapeDataString(path), "", StringComparison.Ordinal) : page.Text;
            Assert.DoesNotContain(node.TheirExecution, text, StringComparison.Ordinal);
            if (!path.Contains(node.TheirJob, StringComparison.Ordinal))
                Assert.DoesNotContain(node.TheirJob, text, StringComparison.Ordinal);
            if (!path.Contains('?'))
                Assert.DoesNotContain(TwoNamespaces.Theirs, text, StringComparison.Ordinal);
            Assert.DoesNotContain("/dashboard/", text, StringComparison.Ordinal);
        }

        // The numbers too: of those that succeeded, one at least is theirs.
        var (few, all) = (await SucceededAsync(limited), await SucceededAsync(admin));
        Assert.True(few >= 1 && few < all, $"{few} of {all}");

        foreach (var path in (string[])[$"/jobs/{node.TheirJob}", $"/jobs/{node.TheirJob}/edit", $"/jobs/{node.TheirJob}/delete", $"/jobs/{node.TheirJob}/backfill", $"/executions/{Uri.EscapeDataString(node.TheirExecution)}"])
            Assert.Equal(404, (await limited.GetAsync(path)).Status);
    }

    [Fact]
    public async Task No_button_lets_a_limited_key_touch_another_namespace()
    {
        using var limited = node.As($"admin of {TwoNamespaces.Mine}");
        foreach (var path in (string[])[$"jobs/{node.TheirJob}/run", $"jobs/{node.TheirJob}/pause", $"jobs/{node.TheirJob}/delete", $"jobs/{node.TheirJob}/backfill", $"jobs/{node.TheirJob}/backfills/1/cancel", $"executions/{Uri.EscapeDataString(node.TheirExecution)}/rerun", $"executions/{Uri.EscapeDataString(node.TheirExecution)}/cancel"])
            Assert.Equal(404, (await PostAsync(limited, $"/console/{path}")).Status);
        Assert.Equal(404, (await PostAsync(limited, $"/jobs/{node.TheirJob}/edit", ("time", "@daily"))).Status);
        Assert.Equal(403, (await PostAsync(limited, $"/console/secrets/{TwoNamespaces.Theirs}/token/delete")).Status);
        Assert.Equal(422, (await PostAsync(limited, "/secrets", ("name", "token"), ("namespace", TwoNamespaces.Theirs), ("value", "taken over"))).Status);
        Assert.Equal(422, (await PostAsync(limited, "/keys", ("name", "x"), ("role", "viewer"), ("namespaces", TwoNamespaces.Theirs))).Status);
        var refused = await PostAsync(limited, "/jobs/new", ("time", "@yearly"), ("script_type", "python"), ("script", "print(1)"), ("namespace", TwoNamespaces.Theirs));
        Assert.Equal(422, refused.Status);
        Assert.Contains("must be one of your own: red", refused.Text, StringComparison.Ordinal);

        // Without a word of where, it is the own one.
        var made = await PostAsync(limited, "/jobs/new", ("time", "@yearly"), ("script_type", "python"), ("script", "print(1)"));
        Assert.Equal(303, made.Status);
        Assert.Equal(TwoNamespaces.Mine, (string?)(await limited.GetAsync("/api/v1" + made.Header("Location")!.Split('?')[0])).Ok().Json["namespace"]);
        Assert.Equal(303, (await PostAsync(limited, "/console/sample")).Status);
    }

    [Fact]
    public async Task What_a_button_changes_stands_in_the_audit_as_if_the_api_had_been_called()
    {
        using var admin = node.Admin();
        var made = await PostAsync(admin, "/jobs/new", ("name", "by-form"), ("time", "@yearly"), ("script_type", "python"), ("script", "print(1)"), ("do", "run"), ("enabled", "true"), ("enabled_there", "1"));
        var job = (string)(await admin.GetAsync("jobs?name=by-form")).Ok().Json[0]!["job_id"]!;
        Assert.StartsWith("/executions/", made.Header("Location"), StringComparison.Ordinal);
        var execution = Uri.UnescapeDataString(made.Header("Location")!["/executions/".Length..].Split('?')[0]);
        await admin.EndOfAsync(execution);
        foreach (var button in (string[])["pause", "resume", "run"])
            Assert.Equal(303, (await PostAsync(admin, $"/console/jobs/{job}/{button}")).Status);
        Assert.Equal(303, (await PostAsync(admin, $"/jobs/{job}/edit", ("time", "@daily"), ("script_type", "python"), ("script", "print(1)"), ("name", "by-form"))).Status);
        Assert.Equal(303, (await PostAsync(admin, $"/console/jobs/{job}/backfill", ("from", "2026-01-01"), ("to", "2026-01-02"))).Status);
        Assert.Equal(303, (await PostAsync(admin, $"/console/executions/{Uri.EscapeDataString(execution)}/rerun")).Status);
        Assert.Equal(303, (await PostAsync(admin, $"/console/jobs/{job}/delete")).Status);

        var records = await RecordsAsync(admin, $"job:{job}", 8);
        Assert.Equal(
            ["delete_job", "backfill_job", "update_job", "run_job", "resume_job", "pause_job", "run_job", "create_job"], records.Select(record => (string?)record!["action"]));
        Assert.All(records, record => Assert.Equal(("done", "default", "configured"), ((string?)record!["outcome"], (string?)record["namespace"], (string?)record["actor_id"])));
        Assert.Equal((true, false), ((bool)records[5]!["before"]!["enabled"]!, (bool)records[5]!["after"]!["enabled"]!));
        Assert.Equal(("@yearly", "@daily"), ((string?)records[2]!["before"]!["time"], (string?)records[2]!["after"]!["time"]));
        Assert.Equal("2026-01-01T00:00:00.000Z", (string?)records[1]!["after"]!["from"]);
        Assert.Equal("by-form", (string?)records[0]!["before"]!["name"]);
        Assert.Equal("rerun_execution", (string?)Assert.Single(await RecordsAsync(admin, $"execution:{execution}", 1))!["action"]);

        var worker = (string)(await admin.GetAsync("workers")).Ok().Json[0]!["worker_id"]!;
        foreach (var button in (string[])["drain", "undrain"])
            Assert.Equal(303, (await PostAsync(admin, $"/console/workers/{Uri.EscapeDataString(worker)}/{button}")).Status);
        Assert.Equal(303, (await PostAsync(admin, "/secrets", ("name", "by-form"), ("value", "nobody's business at all"))).Status);
        Assert.Equal(303, (await PostAsync(admin, "/console/secrets/default/by-form/delete")).Status);
        Assert.Equal(200, (await PostAsync(admin, "/keys", ("name", "by form"), ("role", "viewer"))).Status);
        var key = (await admin.GetAsync("keys")).Ok().Json.AsArray().First(item => (string?)item!["name"] == "by form")!;
        Assert.Equal(303, (await PostAsync(admin, $"/console/keys/{key["key_id"]}/revoke")).Status);
        var drains = await RecordsAsync(admin, $"worker:{worker}", 2);
        Assert.Equal(("active", "draining"), ((string?)drains[1]!["before"]!["state"], (string?)drains[1]!["after"]!["state"]));
        Assert.Equal(["delete_secret", "set_secret"], (await RecordsAsync(admin, "secret:default/by-form", 2)).Select(record => (string?)record!["action"]));
        Assert.Equal(["revoke_key", "create_key"], (await RecordsAsync(admin, $"key:{key["key_id"]}", 2)).Select(record => (string?)record!["action"]));
        Assert.DoesNotContain("nobody's business", (await admin.GetAsync("audit?limit=500")).Ok().Text, StringComparison.Ordinal);
    }

    private static async Task<int> SucceededAsync(ApiClient client) =>
        int.Parse(Regex.Match((await client.GetAsync("/")).Text, "Succeeded, 24 h</span><b>([0-9]+)</b>").Groups[1].Value, CultureInfo.InvariantCulture);

    private static async Task<JsonArray> RecordsAsync(ApiClient admin, string target, int count)
    {
        var address = $"audit?target={Uri.EscapeDataString(target)}";
        await admin.UntilAsync(address, reply => reply.Json.AsArray().Count(record => (string?)record!["outcome"] != "unknown") >= count);
        return (await admin.GetAsync(address)).Ok().Json.AsArray();
    }

    private static Task<Reply> PostAsync(ApiClient client, string path, params (string Name, string Value)[] fields) =>
        client.SendAsync("POST", path, new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))));
}
