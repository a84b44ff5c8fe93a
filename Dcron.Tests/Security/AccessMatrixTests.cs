using System.Text;
using System.Text.Json.Nodes;
using Dcron.Tests.Api;

namespace Dcron.Tests.Security;

/// <summary>Every call that the node itself says it has, with every role, for the own namespace and for another.</summary>
public sealed class AccessMatrixTests(TwoNamespaces node) : IClassFixture<TwoNamespaces>
{
    /// <summary>How a caller who is limited to one namespace meets a call.</summary>
    private enum Limited
    {
        /// <summary>It has a job or an execution in its address: another's is not there.</summary>
        OwnOnly,

        /// <summary>It shows what is the caller's own.</summary>
        Filtered,

        /// <summary>It names a namespace by itself: another's is refused.</summary>
        Named,

        /// <summary>It has nothing to do with namespaces.</summary>
        Open,

        /// <summary>It is for callers of all namespaces.</summary>
        Refused,
    }

    private sealed record Rule(string Role, Limited Limited, string? Body = null, string Query = "");

    private const string Job = """{"time":"0 0 1 1 *","script_type":"python","script_location":"SCRIPT","namespace":"blue"}""";

    // A call that is not in here fails the first test: say who may make it before it is shipped.
    private static readonly Dictionary<string, Rule> Rules = new(StringComparer.Ordinal)
    {
        ["CreateJob"] = new("operator", Limited.Named, Job),
        ["UpdateJob"] = new("operator", Limited.OwnOnly, """{"time":"0 1 1 1 *","script_type":"python","script_location":"SCRIPT"}"""),
        ["PatchJob"] = new("operator", Limited.OwnOnly, """{"time":"0 2 1 1 *"}"""),
        ["GetJob"] = new("viewer", Limited.OwnOnly),
        ["DeleteJob"] = new("operator", Limited.OwnOnly),
        ["PauseJob"] = new("operator", Limited.OwnOnly),
        ["ResumeJob"] = new("operator", Limited.OwnOnly),
        ["RunJob"] = new("operator", Limited.OwnOnly),
        ["BackfillJob"] = new("operator", Limited.OwnOnly, """{"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z","dry_run":true}"""),
        ["ListBackfills"] = new("viewer", Limited.OwnOnly),
        ["CancelBackfill"] = new("operator", Limited.OwnOnly),
        ["RerunExecution"] = new("operator", Limited.OwnOnly),
        ["GetLogLines"] = new("viewer", Limited.OwnOnly),
        ["SearchLog"] = new("viewer", Limited.OwnOnly, null, "?q=ran"),
        ["ListJobs"] = new("viewer", Limited.Filtered),
        ["GetJobVersions"] = new("viewer", Limited.OwnOnly),
        ["GetJobExecutions"] = new("viewer", Limited.OwnOnly),
        ["GetExecutions"] = new("viewer", Limited.Filtered),
        ["GetExecution"] = new("viewer", Limited.OwnOnly),
        ["CancelExecution"] = new("operator", Limited.OwnOnly),
        ["GetExecutionLog"] = new("viewer", Limited.OwnOnly),
        ["GetExecutionLogLink"] = new("viewer", Limited.OwnOnly),
        ["StoreScript"] = new("operator", Limited.Open, "print()"),
        ["LinkScript"] = new("operator", Limited.Open),
        ["ListWorkers"] = new("viewer", Limited.Open),
        ["DrainWorker"] = new("admin", Limited.Refused),
        ["UndrainWorker"] = new("admin", Limited.Refused),
        ["PreviewSchedule"] = new("viewer", Limited.Open, null, "?time=@daily"),
        ["Verify"] = new("viewer", Limited.Filtered, null, "?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z"),
        ["ListKeys"] = new("admin", Limited.Filtered),
        ["CreateKey"] = new("admin", Limited.Named, """{"name":"x","role":"viewer","namespaces":["blue"]}"""),
        ["RevokeKey"] = new("admin", Limited.OwnOnly),
        ["ListSecrets"] = new("viewer", Limited.Filtered),
        ["SetSecret"] = new("operator", Limited.Named, """{"value":"a new value"}""", "?namespace=blue"),
        ["DeleteSecret"] = new("operator", Limited.Named, null, "?namespace=blue"),
        ["ResealSecrets"] = new("admin", Limited.Refused),
        ["ListAudit"] = new("admin", Limited.Filtered),
    };

    [Fact]
    public async Task Each_call_is_for_its_role_and_its_namespace_and_for_nobody_else()
    {
        using var admin = node.Admin();
        using var nobody = node.Node.Client();
        var script = await admin.UploadAsync("print('ran')");
        var before = await StateAsync(admin);
        var calls = await CallsAsync(admin);
        Assert.Equal([], calls.Select(call => call.Name).Except(Rules.Keys).ToList()); // say in Rules who may make these
        Assert.Equal([], Rules.Keys.Except(calls.Select(call => call.Name)).ToList());

        foreach (var (name, method, path) in calls)
        {
            var rule = Rules[name];
            var theirs = await AddressOf(path) + rule.Query;
            await AssertRefusedAsync(nobody, method, theirs, rule, script, 401, "key-needed", name);
            foreach (var role in TwoNamespaces.Roles)
            {
                using var limited = node.As($"{role} of {TwoNamespaces.Mine}");
                if (Array.IndexOf(TwoNamespaces.Roles, role) < Array.IndexOf(TwoNamespaces.Roles, rule.Role))
                {
                    using var all = node.As(role);
                    await AssertRefusedAsync(all, method, theirs, rule, script, 403, "role-too-small", $"{name} as {role}");
                    await AssertRefusedAsync(limited, method, theirs, rule, script, 403, "role-too-small", $"{name} as {role} of {TwoNamespaces.Mine}");
                    continue;
                }

                var reply = await SendAsync(limited, method, theirs, rule, script);
                var which = $"{name} as {role} of {TwoNamespaces.Mine}: {reply.Status} {reply.Text}";
                switch (rule.Limited)
                {
                    case Limited.OwnOnly:
                        Assert.True(reply.Status == 404, which);
                        break;
                    case Limited.Named:
                        Assert.True(reply.Status == 403 && reply.Text.Contains("not-your-namespace", StringComparison.Ordinal), which);
                        break;
                    case Limited.Refused:
                        Assert.True(reply.Status == 403 && reply.Text.Contains("whole-cluster", StringComparison.Ordinal), which);
                        break;
                    default:
                        Assert.True(reply.Status is >= 200 and < 300 or 501, which);
                        break;
                }

                Assert.DoesNotContain(node.TheirJob, reply.Text.Replace($"'{node.TheirJob}'", "", StringComparison.Ordinal).Replace($"'{node.TheirExecution}'", "", StringComparison.Ordinal), StringComparison.Ordinal);
                Assert.DoesNotContain("\"blue\"", rule.Limited == Limited.Open ? "" : reply.Text, StringComparison.Ordinal);
            }
        }

        Assert.Equal(before, await StateAsync(admin));
    }

    [Fact]
    public async Task In_its_own_namespace_a_limited_key_does_what_its_role_may()
    {
        using var admin = node.Admin();
        var script = await admin.UploadAsync("print('ran')");
        foreach (var (name, method, path) in (await CallsAsync(admin)).Where(call => Rules[call.Name].Limited != Limited.Refused && call.Name is not ("RevokeKey" or "CancelBackfill")))
        {
            var rule = Rules[name];
            var job = await node.NewJobAsync(TwoNamespaces.Mine);
            var execution = (string)(await admin.PostAsync($"jobs/{job}/run")).Ok(202).Json["execution_id"]!;
            if (name is not "CancelExecution")
                await admin.UntilAsync($"executions/{Uri.EscapeDataString(execution)}", reply => (string?)reply.Json["execution_result"] == "succeeded");
            var mine = path.Replace("{job_id}", job, StringComparison.Ordinal).Replace("{execution_id}", Uri.EscapeDataString(execution), StringComparison.Ordinal)
                .Replace("{name}", "token", StringComparison.Ordinal) + rule.Query.Replace("blue", "red", StringComparison.Ordinal);
            using var limited = node.As($"{rule.Role} of {TwoNamespaces.Mine}");
            var reply = await SendAsync(limited, method, mine, rule with { Body = rule.Body?.Replace("blue", "red", StringComparison.Ordinal) }, script);
            Assert.True(reply.Status is >= 200 and < 300 or 409 or 501, $"{name}: {reply.Status} {reply.Text}"); // 409: it was over before it was cancelled
            if (name == "DeleteSecret")
                (await admin.PutAsync($"secrets/token?namespace={TwoNamespaces.Mine}", new { value = $"the token of {TwoNamespaces.Mine}" })).Ok(201);
        }
    }

    [Theory]
    [InlineData("jobs")]
    [InlineData("executions")]
    [InlineData("secrets")]
    [InlineData("audit")]
    [InlineData("keys")]
    public async Task A_listing_shows_a_limited_key_its_own_alone(string listing)
    {
        var mine = await node.NewJobAsync(TwoNamespaces.Mine);
        using var admin = node.Admin();
        await admin.EndOfAsync((string)(await admin.PostAsync($"jobs/{mine}/run")).Ok(202).Json["execution_id"]!);
        using var limited = node.As($"admin of {TwoNamespaces.Mine}");
        Func<JsonNode?, bool> isMine = listing == "keys"
            ? item => item!["namespaces"]!.AsArray().Select(name => (string?)name).SequenceEqual([TwoNamespaces.Mine])
            : item => (string?)item!["namespace"] == TwoNamespaces.Mine;

        var shown = new List<JsonNode?>();
        if (listing is "secrets" or "keys")
        {
            shown.AddRange((await limited.GetAsync(listing)).Ok().Json.AsArray());
        }
        else
        {
            // In pages of one, so that cursors are crossed.
            for (string? next = $"{listing}?limit=1"; next is not null;)
            {
                var page = (await limited.GetAsync(next)).Ok();
                shown.AddRange(page.Json.AsArray());
                next = page.Header("Link") is { } link ? link[1..link.IndexOf('>', StringComparison.Ordinal)] : null;
            }
        }

        Assert.NotEmpty(shown);
        Assert.All(shown, item => Assert.True(isMine(item), item!.ToJsonString()));
        var all = (await admin.GetAsync($"{listing}{(listing is "secrets" or "keys" ? "" : "?limit=500")}")).Ok().Json.AsArray();
        Assert.Equal(all.Count(item => isMine(item)), shown.Count);
        Assert.Contains(all, item => !isMine(item));
        if (listing is not "keys")
        {
            var asked = await limited.GetAsync($"{listing}?namespace={TwoNamespaces.Theirs}");
            Assert.True(asked.Status == 403 || asked.Ok().Json.AsArray().Count == 0, asked.Text);
        }
    }

    [Fact]
    public async Task Names_are_unique_in_their_namespace_and_betray_nothing_of_another()
    {
        using var admin = node.Admin();
        var body = new JsonObject { ["name"] = "same-name", ["namespace"] = TwoNamespaces.Theirs };
        await admin.CreateAsync(more: body);
        using var limited = node.As($"operator of {TwoNamespaces.Mine}");
        var mine = await limited.CreateAsync(more: new JsonObject { ["name"] = "same-name" });
        Assert.Equal(TwoNamespaces.Mine, (string?)mine["namespace"]); // a key of one namespace works in it without saying so
        var location = (string)mine["script_location"]!;
        (await limited.PostAsync("jobs", new { time = "@daily", script_type = "python", script_location = location, name = "same-name" })).Problem(409, "name-taken");
    }

    [Fact]
    public async Task The_ledger_is_shown_of_one_s_own_jobs()
    {
        var mine = await node.NewJobAsync(TwoNamespaces.Mine);
        using var limited = node.As($"viewer of {TwoNamespaces.Mine}");
        using var admin = node.Admin();
        await admin.EndOfAsync((string)(await admin.PostAsync($"jobs/{mine}/run")).Ok(202).Json["execution_id"]!);
        const string Period = "verify?from=2026-01-01T00:00:00Z&to=2099-01-02T00:00:00Z";
        Assert.Equal(1, (int)(await limited.GetAsync($"{Period}&job_id={mine}")).Ok().Json["others"]!);
        (await limited.GetAsync($"{Period}&job_id={node.TheirJob}")).Problem(404, "not-found");

        var own = (await limited.GetAsync(Period)).Ok();
        Assert.True((long)own.Json["jobs"]! < (long)(await admin.GetAsync(Period)).Ok().Json["jobs"]!);
        Assert.DoesNotContain(node.TheirJob, own.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_stays_in_its_namespace()
    {
        var job = await node.NewJobAsync(TwoNamespaces.Mine);
        using var admin = node.Admin();
        Assert.Contains("stays so", (await admin.PatchAsync($"jobs/{job}", new JsonObject { ["namespace"] = TwoNamespaces.Theirs })).Error("namespace"), StringComparison.Ordinal);
        (await admin.PatchAsync($"jobs/{job}", new JsonObject { ["namespace"] = TwoNamespaces.Mine })).Ok();
    }

    [Theory]
    [InlineData("/metrics", 403)]
    [InlineData("/dashboard/DashboardCounters", 403)]
    [InlineData("/openapi/v1.json", 200)]
    public async Task What_shows_the_whole_cluster_is_not_for_limited_keys(string path, int status)
    {
        using var limited = node.As($"admin of {TwoNamespaces.Mine}");
        Assert.Equal(status, (await limited.GetAsync(path)).Status);
    }

    [Fact]
    public async Task The_history_of_a_deleted_job_stays_in_its_namespace()
    {
        using var admin = node.Admin();
        var job = await node.NewJobAsync(TwoNamespaces.Mine);
        var execution = (string)(await admin.PostAsync($"jobs/{job}/run")).Ok(202).Json["execution_id"]!;
        await admin.UntilAsync($"executions/{Uri.EscapeDataString(execution)}", reply => (string?)reply.Json["execution_result"] == "succeeded");
        (await admin.DeleteAsync($"jobs/{job}")).Ok(204);
        using var limited = node.As($"viewer of {TwoNamespaces.Mine}");
        Assert.Equal("ran", (await limited.GetAsync($"executions/{Uri.EscapeDataString(execution)}/log")).Ok().Text.Trim());
    }

    private static async Task<List<(string Name, string Method, string Path)>> CallsAsync(ApiClient admin)
    {
        var document = (await admin.GetAsync("/openapi/v1.json")).Ok().Json;
        return
        [
            .. document["paths"]!.AsObject().Where(path => path.Key.StartsWith("/api/", StringComparison.Ordinal))
                .SelectMany(path => path.Value!.AsObject()
                    .Where(operation => operation.Value is JsonObject)
                    .Select(operation => ((string)operation.Value!["operationId"]!, operation.Key.ToUpperInvariant(), path.Key)))
                .Where(call => call.Item2 != "HEAD"),
        ];
    }

    private async Task<string> AddressOf(string path)
    {
        using var admin = node.Admin();
        var worker = (string)(await admin.GetAsync("workers")).Ok().Json[0]!["worker_id"]!;
        var key = path.Contains("{key_id}", StringComparison.Ordinal)
            ? (string)(await admin.GetAsync("keys")).Ok().Json.AsArray().First(item => (string?)item!["name"] == "viewer")!["key_id"]!
            : "";
        return path.Replace("{job_id}", node.TheirJob, StringComparison.Ordinal)
            .Replace("{execution_id}", Uri.EscapeDataString(node.TheirExecution), StringComparison.Ordinal)
            .Replace("{worker_id}", Uri.EscapeDataString(worker), StringComparison.Ordinal)
            .Replace("{key_id}", key, StringComparison.Ordinal)
            .Replace("{number}", "1", StringComparison.Ordinal)
            .Replace("{name}", "token", StringComparison.Ordinal);
    }

    private static async Task AssertRefusedAsync(ApiClient client, string method, string path, Rule rule, string script, int status, string type, string which)
    {
        var reply = await SendAsync(client, method, path, rule, script);
        Assert.True(reply.Status == status, $"{which}: {reply.Status} {reply.Text}");
        reply.Problem(status, type);
    }

    private static Task<Reply> SendAsync(ApiClient client, string method, string path, Rule rule, string script)
    {
        var body = rule.Body?.Replace("SCRIPT", script, StringComparison.Ordinal);
        return client.SendAsync(method, path, body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"));
    }

    /// <summary>What nobody in this test may have changed.</summary>
    private async Task<string> StateAsync(ApiClient admin)
    {
        var state = new StringBuilder();
        foreach (var path in new[] { $"jobs/{node.TheirJob}/versions", $"jobs/{node.TheirJob}/executions", "secrets?namespace=blue" })
            state.AppendLine((await admin.GetAsync(path)).Ok().Text);
        state.AppendLine((string?)(await admin.GetAsync("workers")).Ok().Json[0]!["state"]);
        state.AppendLine(string.Join(',', (await admin.GetAsync("keys")).Ok().Json.AsArray().Select(key => (string?)key!["name"]).Where(name => name!.StartsWith("viewer", StringComparison.Ordinal))));
        return state.ToString();
    }
}
