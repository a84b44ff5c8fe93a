using System.Text.Json.Nodes;
using Dcron.Api.Idempotency;
using Dcron.Grains.Jobs;
using Microsoft.Extensions.DependencyInjection;

namespace Dcron.Tests.Api;

[Collection(OpenNodeCollection.Name)]
public sealed class IdempotencyCallTests(OpenNode shared) : IDisposable
{
    private readonly ApiClient _api = shared.Node.Client();
    private readonly string _key = Guid.NewGuid().ToString("N");

    public void Dispose() => _api.Dispose();

    private (string, string) Key => ("Idempotency-Key", _key);

    [Fact]
    public async Task A_repeated_create_answers_the_first_one()
    {
        var job = await NewJobAsync();
        var first = (await _api.PostAsync("jobs", job, Key)).Ok(201);
        (await _api.PatchAsync($"jobs/{first.Json["job_id"]}", """{"time":"@daily"}""")).Ok();
        var again = (await _api.PostAsync("jobs", job, Key)).Ok(201);
        Assert.Equal((first.Text, first.Header("Location"), first.Header("ETag"), first.Header("Content-Type")),
            (again.Text, again.Header("Location"), again.Header("ETag"), again.Header("Content-Type")));
        Assert.Equal((null, "true"), (first.Header("Idempotency-Replayed"), again.Header("Idempotency-Replayed")));
    }

    [Fact]
    public async Task The_same_key_with_another_body_or_address_is_refused()
    {
        var job = await NewJobAsync();
        var created = (await _api.PostAsync("jobs", job, Key)).Ok(201).Json;
        job["time"] = "@daily";
        (await _api.PostAsync("jobs", job, Key)).Problem(422, "idempotency-key-reused");
        (await _api.PostAsync($"jobs/{created["job_id"]}/run", null, Key)).Problem(422, "idempotency-key-reused");
    }

    [Fact]
    public async Task A_refused_request_leaves_its_key_free()
    {
        (await _api.PostAsync("jobs", "{}", Key)).Problem(400, "malformed-request");
        (await _api.PostAsync("jobs", await NewJobAsync(), Key)).Ok(201);
    }

    [Fact]
    public async Task A_repeated_run_starts_nothing_more()
    {
        var job = await _api.CreateAsync();
        var path = $"jobs/{job["job_id"]}/run";
        var first = (await _api.PostAsync(path, null, Key)).Ok(202);
        Assert.Equal(first.Text, (await _api.PostAsync(path, null, Key)).Ok(202).Text);
        Assert.NotEqual(first.Text, (await _api.PostAsync(path)).Ok(202).Text);
        await _api.EndOfAsync((string)first.Json["execution_id"]!);
        Assert.Equal(2, (await _api.UntilAsync($"jobs/{job["job_id"]}/executions", reply => reply.Json.AsArray().Count >= 2)).Json.AsArray().Count);
    }

    [Fact]
    public async Task Repeats_at_the_same_time_make_one_job()
    {
        var job = await NewJobAsync();
        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => _api.PostAsync("jobs", job, Key)));
        Assert.All(replies, reply => Assert.Contains(reply.Status, new[] { 201, 409 }));
        foreach (var waiting in replies.Where(reply => reply.Status == 409))
        {
            waiting.Problem(409, "idempotency-key-in-use");
            Assert.Equal("1", waiting.Header("Retry-After"));
        }

        var id = (string?)(await _api.PostAsync("jobs", job, Key)).Ok(201).Json["job_id"];
        Assert.All(replies.Where(reply => reply.Status == 201), reply => Assert.Equal(id, (string?)reply.Json["job_id"]));
        Assert.Single((await _api.GetAsync($"jobs?name={job["name"]}")).Json.AsArray());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_create_that_broke_off_is_gone_on_with_under_the_same_id(bool jobWasCreated)
    {
        var job = await NewJobAsync();
        var reserved = JobId.New(TimeProvider.System.GetUtcNow());
        if (jobWasCreated)
        {
            var spec = new JobSpec { Time = (string)job["time"]!, ScriptType = "python", ScriptLocation = (string)job["script_location"]!, Name = (string)job["name"]! };
            await shared.Node.Services.GetRequiredService<IGrainFactory>().GetGrain<IJobGrain>(reserved.Value).Create(new CreateJob(reserved, spec));
        }

        await BreakOffAsync(job, reserved, TimeSpan.FromSeconds(-1));
        Assert.Equal(reserved.Value, (string?)(await _api.PostAsync("jobs", job, Key)).Ok(201).Json["job_id"]);
        Assert.Equal(reserved.Value, (string?)(await _api.PostAsync("jobs", job, Key)).Ok(201).Json["job_id"]);
        Assert.Single((await _api.GetAsync($"jobs?name={job["name"]}")).Json.AsArray());
    }

    [Fact]
    public async Task A_create_that_broke_off_does_not_bring_back_a_job_that_was_deleted_since_however_often_it_is_repeated()
    {
        var job = await NewJobAsync();
        var id = JobId.Parse((string)(await _api.PostAsync("jobs", job)).Ok(201).Json["job_id"]!);
        await BreakOffAsync(job, id, TimeSpan.FromSeconds(-1));
        (await _api.DeleteAsync($"jobs/{id}")).Ok(204);

        for (var repeat = 0; repeat < 3; repeat++)
        {
            var problem = (await _api.PostAsync("jobs", job, Key)).Problem(409, "job-was-deleted");
            Assert.Contains($"{id}, which was deleted since", (string)problem["detail"]!, StringComparison.Ordinal);
        }

        (await _api.GetAsync($"jobs/{id}")).Problem(404, "not-found");
        Assert.Empty((await _api.GetAsync($"jobs?name={job["name"]}")).Json.AsArray());
        Assert.NotEqual(id.Value, (string?)(await _api.PostAsync("jobs", job, ("Idempotency-Key", _key + "2"))).Ok(201).Json["job_id"]);
    }

    [Fact]
    public async Task While_the_first_is_at_work_a_repeat_is_told_to_wait()
    {
        var job = await NewJobAsync();
        await BreakOffAsync(job, JobId.New(TimeProvider.System.GetUtcNow()), TimeSpan.FromMinutes(1));
        (await _api.PostAsync("jobs", job, Key)).Problem(409, "idempotency-key-in-use");
    }

    [Fact]
    public async Task An_upload_and_a_pause_can_be_repeated_too()
    {
        var script = "print('" + _key + "')";
        var first = (await _api.SendAsync("POST", "scripts?name=a.py", new StringContent(script), Key)).Ok(201);
        Assert.Equal(first.Text, (await _api.SendAsync("POST", "scripts?name=a.py", new StringContent(script), Key)).Ok(201).Text);
        var job = await _api.CreateAsync();
        var other = ("Idempotency-Key", _key + "2");
        (await _api.PostAsync($"jobs/{job["job_id"]}/pause", null, other)).Ok();
        (await _api.PostAsync($"jobs/{job["job_id"]}/resume")).Ok();
        Assert.False((bool)(await _api.PostAsync($"jobs/{job["job_id"]}/pause", null, other)).Ok().Json["enabled"]!);
        Assert.True((bool)(await _api.GetAsync($"jobs/{job["job_id"]}")).Json["enabled"]!);
    }

    [Theory]
    [InlineData("")]
    [InlineData("tab\tkey")]
    public async Task A_key_that_is_none_is_refused(string key) => (await _api.PostAsync("jobs", "{}", ("Idempotency-Key", key))).Problem(400, "malformed-request");

    [Fact]
    public async Task A_key_of_more_than_255_characters_is_refused() =>
        (await _api.PostAsync("jobs", "{}", ("Idempotency-Key", new string('k', 256)))).Problem(400, "malformed-request");

    [Fact]
    public async Task A_repeat_with_a_body_over_the_limit_is_refused_like_the_first() =>
        (await _api.PostAsync("jobs", "{\"a\":\"" + new string('x', 1024 * 1024) + "\"}", Key)).Problem(413, "body-too-large");

    private async Task<JsonObject> NewJobAsync() => new()
    {
        ["time"] = "0 0 1 1 *", ["script_type"] = "python", ["script_location"] = await _api.UploadAsync("print('x')"), ["name"] = "job " + _key,
    };

    /// <summary>Leaves behind what a node leaves that dies in the middle of a create.</summary>
    private async Task BreakOffAsync(JsonObject job, JobId reserved, TimeSpan lease)
    {
        var now = TimeProvider.System.GetUtcNow();
        var body = System.Text.Encoding.UTF8.GetBytes(job.ToJsonString());
        var fingerprint = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData([.. "POST /api/v1/jobs\n"u8, .. body]));
        var store = shared.Node.Services.GetRequiredService<IdempotencyStore>();
        var record = new IdempotencyRecord { Fingerprint = fingerprint, ReservedId = reserved.Value, CreatedAt = now, LeasedUntil = now + lease };
        Assert.NotNull(await store.CreateAsync(new IdempotencyKey("local", "", _key).RecordId, record, default));
    }
}
