using Dcron.Api.Problems;
using Dcron.Grains.Jobs;
using Dcron.Storage.Documents;
using Dcron.Storage.Objects;
using Orleans.Runtime;

namespace Dcron.Tests.Api;

/// <summary>A node of its own, since its stores are put out of reach.</summary>
public sealed class OutageTests : IAsyncLifetime
{
    private ApiNode _node = null!;
    private ApiClient _api = null!;

    public async Task InitializeAsync()
    {
        _node = await ApiNode.StartAsync();
        _api = _node.Client();
    }

    public async Task DisposeAsync()
    {
        _api.Dispose();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task Without_the_document_store_every_call_is_told_to_come_back_and_afterwards_all_is_well()
    {
        var job = await _api.CreateAsync();
        var id = (string)job["job_id"]!;
        var execution = (string)(await _api.PostAsync($"jobs/{id}/run")).Ok(202).Json["execution_id"]!;
        await _api.EndOfAsync(execution);
        using (_node.Documents.Away())
        {
            foreach (var (method, path, body) in ((string, string, string?)[])
                     [
                         ("GET", "jobs", null), ("GET", $"jobs/{id}/versions", null), ("GET", "executions", null), ("GET", $"jobs/{id}/executions", null),
                         ("GET", $"executions/{execution}", null), ("GET", $"executions/{execution}/log", null), ("POST", $"executions/{execution}/cancel", null),
                         ("POST", $"jobs/{id}/run", null), ("PATCH", $"jobs/{id}", """{"time":"@daily"}"""), ("POST", $"jobs/{id}/pause", null), ("GET", "keys", null),
                         ("POST", "jobs", $$"""{"time":"@daily","script_type":"python","script_location":"{{job["script_location"]}}"}"""),
                     ])
            {
                var content = body is null ? null : new StringContent(body, System.Text.Encoding.UTF8, "application/json");
                var reply = await _api.SendAsync(method, path, content);
                Assert.True(reply.Status == 503, $"{method} {path}: {reply.Status} {reply.Text}");
                reply.Problem(503, "unavailable");
                Assert.Equal("2", reply.Header("Retry-After"));
                Assert.DoesNotContain("secret", reply.Text, StringComparison.Ordinal);
            }

            (await _api.GetAsync("/healthz/live")).Ok();
            var ready = await _api.UntilAsync("/healthz/ready", reply => reply.Status == 503);
            Assert.Equal(("not_ready", "out of reach", "ok"), ((string)ready.Json["status"]!, (string)ready.Json["checks"]!["documents"]!, (string)ready.Json["checks"]!["objects"]!));
            Assert.DoesNotContain("secret", ready.Text, StringComparison.Ordinal);
        }

        Assert.Equal("succeeded", (string?)(await _api.GetAsync($"executions/{execution}")).Ok().Json["execution_result"]);
        await _api.UntilAsync($"jobs/{id}/run", _ => true);
        await _api.EndOfAsync((string)(await _api.PostAsync($"jobs/{id}/run")).Ok(202).Json["execution_id"]!);
    }

    [Fact]
    public async Task Without_the_object_store_scripts_and_logs_wait()
    {
        var job = await _api.CreateAsync();
        var execution = (string)(await _api.PostAsync($"jobs/{job["job_id"]}/run")).Ok(202).Json["execution_id"]!;
        await _api.EndOfAsync(execution);
        using (_node.Objects.Away())
        {
            (await _api.SendAsync("POST", "scripts?name=a.py", new StringContent("x"))).Problem(503, "unavailable");
            (await _api.GetAsync($"executions/{execution}/log")).Problem(503, "unavailable");
            (await _api.PostAsync("jobs", new { time = "@daily", script_type = "python", script_location = "s3://dcron/scripts/a/b.py" })).Problem(503, "unavailable");
            (await _api.GetAsync("jobs")).Ok();
            Assert.Equal("out of reach", (string?)(await _api.UntilAsync("/healthz/ready", reply => reply.Status == 503)).Json["checks"]!["objects"]);
        }

        (await _api.GetAsync($"executions/{execution}/log")).Ok();
    }

    [Fact]
    public async Task A_create_during_an_outage_is_gone_on_with_by_its_repeat()
    {
        var location = await _api.UploadAsync("print(1)");
        var job = new { time = "@daily", script_type = "python", script_location = location, name = "once" };
        (await _api.GetAsync("workers")).Ok();
        using (_node.Documents.Away())
            (await _api.PostAsync("jobs", job, ("Idempotency-Key", "k"))).Problem(503, "unavailable");
        var created = (await _api.PostAsync("jobs", job, ("Idempotency-Key", "k"))).Ok(201);
        Assert.Equal(created.Text, (await _api.PostAsync("jobs", job, ("Idempotency-Key", "k"))).Ok(201).Text);
        Assert.Single((await _api.GetAsync("jobs?name=once")).Json.AsArray());
    }

    [Fact]
    public void Only_what_passes_is_an_outage()
    {
        Exception[] outages =
        [
            new DocumentStoreUnavailableException("x"), new ObjectStoreUnavailableException("x"), new StoreUnavailableException("x"),
            new SiloUnavailableException("x"), new TimeoutException(), new AggregateException(new TimeoutException()), new InvalidOperationException("x", new StoreUnavailableException("y")),
        ];
        Assert.All(outages, outage => Assert.NotNull(Outage.Of(outage)));
        Assert.All((Exception[])[new InvalidOperationException("x"), new FormatException()], fault => Assert.Null(Outage.Of(fault)));
    }
}
