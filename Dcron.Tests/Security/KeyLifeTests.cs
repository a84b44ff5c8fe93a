using System.Net;
using Dcron.Api.Access;
using Dcron.Tests.Api;
using Microsoft.Extensions.Time.Testing;

namespace Dcron.Tests.Security;

public sealed class KeyLifeTests(KeyedNode keyed) : IClassFixture<KeyedNode>, IDisposable
{
    private readonly ApiClient _admin = keyed.Node.Client(KeyedNode.AdminKey);

    public void Dispose() => _admin.Dispose();

    [Fact]
    public async Task A_key_that_was_revoked_elsewhere_is_worthless_for_the_next_call()
    {
        var (id, key) = await NewAsync();
        using var client = keyed.Node.Client(key);
        (await client.GetAsync("jobs")).Ok();

        // As another server does it: in the store, without this one being told.
        var stored = (await keyed.Node.Documents.GetAsync("api_keys", id))!;
        await keyed.Node.Documents.WriteAsync("api_keys", new Dcron.Storage.Documents.DocumentWrite.Delete(id, stored.Revision));
        (await client.GetAsync("jobs")).Problem(401, "key-needed");
    }

    [Fact]
    public async Task A_log_that_is_followed_ends_with_the_key_that_follows_it()
    {
        var execution = await _admin.StartAsync("import time\nprint('begun', flush=True)\ntime.sleep(600)");
        await _admin.RunningAsync(execution);
        var (id, key) = await NewAsync();
        using var client = keyed.Node.Client(key);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/executions/{Uri.EscapeDataString(execution)}/log?follow=true");
        using var reply = await client.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using var stream = await reply.Content.ReadAsStreamAsync();
        Assert.NotEqual(0, await stream.ReadAsync(new byte[1]));
        (await _admin.DeleteAsync($"keys/{id}")).Ok(204);

        await Assert.ThrowsAnyAsync<IOException>(() => stream.CopyToAsync(Stream.Null)); // hung up on, in the middle
        (await _admin.PostAsync($"executions/{Uri.EscapeDataString(execution)}/cancel")).Ok(202);
    }

    [Fact]
    public async Task A_key_that_has_expired_says_so_and_one_that_has_not_works()
    {
        var (id, key) = await NewAsync(TimeProvider.System.GetUtcNow().AddDays(1));
        using var client = keyed.Node.Client(key);
        (await client.GetAsync("jobs")).Ok();
        var stored = (await keyed.Node.Documents.GetAsync("api_keys", id))!;
        var body = System.Text.Json.Nodes.JsonNode.Parse(stored.Body.Span)!;
        body["expires_at"] = "2026-01-01T00:00:00.000Z";
        await keyed.Node.Documents.WriteAsync("api_keys", new Dcron.Storage.Documents.DocumentWrite.Replace(id, stored.Revision, System.Text.Encoding.UTF8.GetBytes(body.ToJsonString())));
        Assert.Contains("expired at 2026-01-01", (string?)(await client.GetAsync("jobs")).Problem(401, "key-needed")["detail"], StringComparison.Ordinal);
        (await _admin.PostAsync("keys", new { name = "x", role = "viewer", expires_at = "2020-01-01T00:00:00Z" })).Problem(422, "invalid-request");
    }

    [Fact]
    public async Task Its_last_use_is_shown_and_not_written_at_each()
    {
        var (id, key) = await NewAsync();
        using var client = keyed.Node.Client(key);
        for (var i = 0; i < 20; i++)
            (await client.GetAsync("jobs")).Ok();
        var listed = await _admin.UntilAsync("keys", reply => reply.Json.AsArray().Single(item => (string?)item!["key_id"] == id)!["last_used_at"] is not null);
        Assert.Equal("127.0.0.1", (string?)listed.Json.AsArray().Single(item => (string?)item!["key_id"] == id)!["last_used_from"]);
        var written = (await keyed.Node.Documents.GetAsync("api_key_uses", id))!.Revision;
        (await client.GetAsync("jobs")).Ok();
        Assert.Equal(written, (await keyed.Node.Documents.GetAsync("api_key_uses", id))!.Revision);
    }

    [Fact]
    public void Whoever_tries_keys_is_slowed_down_to_one_a_second_and_nobody_else_is()
    {
        var time = new FakeTimeProvider();
        var throttle = new SignInThrottle(time);
        var (attacker, other) = (IPAddress.Parse("192.0.2.1"), IPAddress.Parse("192.0.2.2"));
        Assert.True(throttle.MayTry(attacker, "good"));
        throttle.WasRight(attacker, "good");
        Assert.Equal(SignInThrottle.FreeTries, Enumerable.Range(0, 1000).Count(i => throttle.MayTry(attacker, $"wrong {i}")));
        Assert.True(throttle.MayTry(attacker, "good")); // a key that was right before is never slowed down
        Assert.True(throttle.MayTry(other, "wrong"));
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(5, Enumerable.Range(0, 1000).Count(i => throttle.MayTry(attacker, $"wrong {i}")));
        time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(SignInThrottle.FreeTries, Enumerable.Range(0, 1000).Count(i => throttle.MayTry(attacker, $"wrong {i}")));
    }

    [Fact]
    public void Of_IPv6_a_whole_network_counts_as_one() =>
        Assert.Equal(SignInThrottle.PlaceOf(IPAddress.Parse("2001:db8:1:2::1")), SignInThrottle.PlaceOf(IPAddress.Parse("2001:db8:1:2:ffff::9")));

    [Fact]
    public void A_million_addresses_take_no_more_memory_than_ten_thousand()
    {
        var throttle = new SignInThrottle(new FakeTimeProvider());
        for (var i = 0; i < 100_000; i++)
            throttle.MayTry(new IPAddress(0x0a000000L + i), "wrong");
        Assert.InRange(throttle.Remembered, 1, 10_000);
    }

    [Fact]
    public async Task Over_HTTP_wrong_keys_are_answered_429_and_the_right_one_goes_on()
    {
        await using var node = await ApiNode.StartAsync("--Dcron:Api:RequireKey", "true", "--Dcron:Api:AdminKey", KeyedNode.AdminKey);
        using var admin = node.Client(KeyedNode.AdminKey);
        (await admin.GetAsync("jobs")).Ok();
        var statuses = new List<int>();
        for (var i = 0; i < SignInThrottle.FreeTries + 40; i++)
        {
            using var client = node.Client($"guess-number-{i}-of-many");
            var reply = await client.GetAsync("jobs");
            statuses.Add(reply.Status);
            if (reply.Status == 429)
                Assert.Equal("1", reply.Header("Retry-After"));
        }

        Assert.Contains(429, statuses);
        Assert.DoesNotContain(statuses, status => status is not (401 or 429));
        (await admin.GetAsync("jobs")).Ok();
    }

    private async Task<(string Id, string Key)> NewAsync(DateTimeOffset? expiresAt = null)
    {
        var made = (await _admin.PostAsync("keys", new { name = "short-lived", role = "viewer", expires_at = expiresAt })).Ok(201).Json;
        return ((string)made["key_id"]!, (string)made["key"]!);
    }
}
