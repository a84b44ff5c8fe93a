using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Dcron.Storage.Documents;
using Dcron.Storage.Documents.CouchDb;
using Dcron.Tests.Storage.Objects.S3;
using Microsoft.Extensions.Time.Testing;

namespace Dcron.Tests.Storage.Documents.CouchDb;

/// <summary>A real CouchDB that is killed, stopped, slow, full or not what it should be: nothing acknowledged is lost, and each trouble is one clear sentence.</summary>
public sealed class CouchFailureTests
{
    private const string Things = "things";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly CollectionDefinition Definition = new(Things, [new IndexDefinition("by_a", "a")]);

    [SkippableFact]
    public async Task Killed_while_it_writes_it_loses_nothing_that_was_acknowledged()
    {
        await using var server = await CouchServer.StartAsync();
        await using var couch = new CouchFixture(server);
        var store = couch.Open();
        await store.EnsureCollectionAsync(Definition);
        for (var round = 0; round < 3; round++)
        {
            var acknowledged = new ConcurrentDictionary<string, string>();
            var enough = new TaskCompletionSource();
            var writers = Enumerable.Range(0, 8).Select(writer => Task.Run(() => WriteUntilItFails(writer))).ToArray();
            await enough.Task.WaitAsync(Patience);
            await server.KillAsync();
            await Task.WhenAll(writers).WaitAsync(Patience);
            await server.StartAgainAsync();

            var found = await store.GetManyAsync(Things, [.. acknowledged.Keys]);
            Assert.Equal(acknowledged.Values, found.Select(document => document?.Revision));
            Assert.IsType<WriteResult.Written>(await store.WriteAsync(Things, Json.Create($"after-{round}", new { a = "1" })));

            async Task WriteUntilItFails(int writer)
            {
                try
                {
                    for (var n = 0; ; n++)
                    {
                        var id = string.Create(CultureInfo.InvariantCulture, $"r{round}-w{writer}-{n}");
                        acknowledged[id] = (await store.WriteAsync(Things, Json.Create(id, new { a = id }))).Revision();
                        if (acknowledged.Count >= 200)
                        {
                            enough.TrySetResult();
                        }
                    }
                }
                catch (DocumentStoreUnavailableException)
                {
                    // killed
                }
            }
        }
    }

    [SkippableFact]
    public async Task Concurrent_writes_share_requests()
    {
        await using var server = await CouchServer.StartAsync();
        await using var couch = new CouchFixture(server);
        var store = couch.Open();
        await store.EnsureCollectionAsync(Definition);
        var before = await Requests();

        await Task.WhenAll(Enumerable.Range(0, 300).Select(n => store.WriteAsync(Things, Json.Create($"d{n}", new { a = "1" })).AsTask())).WaitAsync(Patience);

        Assert.InRange(await Requests() - before, 1, 50);

        async Task<int> Requests() => (await server.AskAsync(HttpMethod.Get, "_node/_local/_stats/couchdb/httpd/bulk_requests")).GetProperty("value").GetInt32();
    }

    [SkippableFact]
    public async Task Down_at_the_start_and_down_in_between_are_told_and_it_goes_on_by_itself()
    {
        await using var server = await CouchServer.StartAsync();
        await using var couch = new CouchFixture(server);
        await server.StopAsync();
        var store = couch.Open();

        foreach (var attempt in new Func<Task>[]
        {
            async () => await store.PingAsync(),
            async () => await store.EnsureCollectionAsync(Definition),
            async () => await store.GetAsync(Things, "one"),
            async () => await store.ListCollectionsAsync(""),
        })
        {
            var refused = await Assert.ThrowsAsync<DocumentStoreUnavailableException>(attempt);
            Assert.Contains("can't be reached: Connection refused; see that it runs and that Dcron:Documents:CouchDb:Url is right.", refused.Message, StringComparison.Ordinal);
        }

        await server.StartAgainAsync();
        await store.EnsureCollectionAsync(Definition);
        var revision = (await store.WriteAsync(Things, Json.Create("one", new { a = "1" }))).Revision();

        await server.StopAsync();
        await Assert.ThrowsAsync<DocumentStoreUnavailableException>(async () => await store.WriteAsync(Things, Json.Create("two", new { a = "2" })));
        await Assert.ThrowsAsync<DocumentStoreUnavailableException>(async () => await store.QueryAsync(Things, new IndexQuery("by_a")));
        await server.StartAgainAsync();

        Assert.Equal(revision, (await store.GetAsync(Things, "one"))!.Revision);
        Assert.IsType<WriteResult.Written>(await store.WriteAsync(Things, Json.Create("two", new { a = "2" })));
        Assert.Equal(2, (await store.QueryAsync(Things, new IndexQuery("by_a"))).Rows.Count);
    }

    [SkippableFact]
    public async Task A_write_whose_answer_is_lost_is_not_sent_again_and_a_question_is()
    {
        await using var couch = await CouchFixture.OnAsync(CouchServer.SingleAsync());
        await using var proxy = new FaultyProxy(couch.Server.Url);
        var store = couch.Open(proxy.Endpoint);
        await store.EnsureCollectionAsync(Definition);
        await store.WriteAsync(Things, Json.Create("counter", new { n = 0 }));

        proxy.CutAnswersAfter = 0;
        await Assert.ThrowsAsync<DocumentStoreUnavailableException>(async () => await store.WriteAsync(Things, Json.Create("lost", new { a = "1" })));
        proxy.CutAnswersAfter = null;

        Assert.NotNull(await store.GetAsync(Things, "lost")); // it had been written; by its content the caller sees that it was its own
        Assert.IsType<WriteResult.Conflict>(await store.WriteAsync(Things, Json.Create("lost", new { a = "1" })));
    }

    [SkippableFact]
    public async Task One_that_does_not_answer_is_given_up()
    {
        await using var couch = await CouchFixture.OnAsync(CouchServer.SingleAsync());
        await using var proxy = new FaultyProxy(couch.Server.Url) { StallAnswersAfter = 0 };
        var options = couch.Server.Options(proxy.Endpoint);
        options.TimeoutSeconds = 1;
        await using var store = new CouchDbDocumentStore(options, TimeProvider.System);

        var error = await Assert.ThrowsAsync<DocumentStoreUnavailableException>(async () => await store.PingAsync()).WaitAsync(Patience);

        Assert.Contains("did not answer within 1 s; see how it and the network are, or raise Dcron:Documents:CouchDb:TimeoutSeconds.", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_wrong_password_is_told_without_it_and_not_tried_until_CouchDB_locks_out()
    {
        await using var server = await CouchServer.StartAsync();
        var time = new FakeTimeProvider();
        var options = server.Options();
        var right = options.Password;
        options.Password = "quite-another-secret";
        await using var store = new CouchDbDocumentStore(options, time);

        for (var attempt = 0; attempt < 20; attempt++)
        {
            var error = await Assert.ThrowsAsync<DocumentStoreUnavailableException>(async () => await store.PingAsync());
            Assert.Contains("refuses the name or password of user 'admin'; see Dcron:Documents:CouchDb:Username and Dcron:Documents:CouchDb:Password.", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", error.ToString(), StringComparison.Ordinal);
        }

        // After that the account is still open, also when it was asked again in between.
        time.Advance(TimeSpan.FromSeconds(91));
        await Assert.ThrowsAsync<DocumentStoreUnavailableException>(async () => await store.PingAsync());
        options.Password = right;
        await using var other = new CouchDbDocumentStore(options, TimeProvider.System);
        await other.PingAsync();
    }

    [SkippableFact]
    public async Task A_user_who_is_no_admin_is_told()
    {
        await using var couch = await CouchFixture.OnAsync(CouchServer.SingleAsync());
        var name = "u" + Guid.NewGuid().ToString("N");
        await couch.Server.AskAsync(HttpMethod.Put, $"_users/org.couchdb.user:{name}", $$"""{"name":"{{name}}","password":"secret","roles":[],"type":"user"}""");
        var options = couch.Server.Options();
        (options.Username, options.Password) = (name, "secret");
        await using var store = new CouchDbDocumentStore(options, TimeProvider.System);

        var error = await Assert.ThrowsAsync<DocumentStoreUnavailableException>(async () => await store.EnsureCollectionAsync(Definition));

        Assert.Contains($"does not let user '{name}' do that", error.Message, StringComparison.Ordinal);
        Assert.Contains("dcron's user must be a server admin of CouchDB", error.Message, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [InlineData("HTTP/1.1 200 OK\nContent-Type: text/html\nContent-Length: 17\nConnection: close\n\n<html>hi</html>\n\n", "answered what no CouchDB answers (200, and no JSON)")]
    [InlineData("HTTP/1.1 200 OK\nContent-Length: 2\nConnection: close\n\n{}", "answered what no CouchDB answers (200, without a greeting)")]
    [InlineData("HTTP/1.1 200 OK\nContent-Length: 83\nConnection: close\n\n{\"couchdb\":\"Welcome\",\"version\":\"2.3.1\",\"vendor\":{\"name\":\"The Apache Foundation X\"}}", "is CouchDB 2.3.1; dcron needs 3.0 or newer.")]
    public async Task What_is_no_CouchDB_is_told(string answer, string told)
    {
        await using var proxy = new FaultyProxy(new Uri("http://127.0.0.1:9")) { Canned = (10, answer) };
        await using var store = new CouchDbDocumentStore(new CouchDbOptions { Url = proxy.Endpoint.AbsoluteUri, Username = "dcron", Password = "secret" }, TimeProvider.System);

        var error = await Assert.ThrowsAsync<DocumentStoreUnavailableException>(async () => await store.PingAsync());

        Assert.Contains(told, error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_body_that_CouchDB_does_not_take_spoils_only_its_own_write()
    {
        await using var couch = await CouchFixture.OnAsync(CouchServer.SingleAsync());
        var store = couch.Open();
        await store.EnsureCollectionAsync(Definition);
        var writes = Enumerable.Range(0, 20).Select(n => store.WriteAsync(Things, Json.Create($"d{n}", new { a = "1" })).AsTask()).ToList();
        var bad = store.WriteAsync(Things, new DocumentWrite.Create("bad", Encoding.UTF8.GetBytes("""{"x":"\ud800"}"""))).AsTask();
        writes.AddRange(Enumerable.Range(20, 20).Select(n => store.WriteAsync(Things, Json.Create($"d{n}", new { a = "1" })).AsTask()));

        Assert.All(await Task.WhenAll(writes).WaitAsync(Patience), result => Assert.IsType<WriteResult.Written>(result));
        var error = await Assert.ThrowsAsync<ArgumentException>(() => bad);
        Assert.Contains("'bad'", error.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Two_stores_see_each_others_documents_collections_and_indexes()
    {
        await using var couch = await CouchFixture.OnAsync(CouchServer.SingleAsync());
        var (one, two) = (couch.Open(), couch.Open());
        await one.EnsureCollectionAsync(new CollectionDefinition(Things, []));
        var revision = (await one.WriteAsync(Things, Json.Create("a", new { x = "1" }))).Revision();
        Assert.Equal(revision, (await two.GetAsync(Things, "a"))!.Revision);
        Assert.IsType<WriteResult.Conflict>(await two.WriteAsync(Things, Json.Create("a", new { x = "2" })));

        await two.EnsureCollectionAsync(new CollectionDefinition(Things, [new IndexDefinition("by_x", "x")]));
        await one.WriteAsync(Things, Json.Create("b", new { x = "2" }));
        Assert.Equal(["a", "b"], (await one.QueryAsync(Things, new IndexQuery("by_x"))).Rows.Select(r => r.Id));

        await one.EnsureCollectionAsync(new CollectionDefinition(Things, [new IndexDefinition("by_x", "y", "x")]));
        Assert.Empty((await two.QueryAsync(Things, new IndexQuery("by_x"))).Rows);

        Assert.True(await two.DropCollectionAsync(Things));
        Assert.Null(await one.GetAsync(Things, "a"));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await one.WriteAsync(Things, Json.Create("c", new { })));
        await one.EnsureCollectionAsync(new CollectionDefinition(Things, []));
        Assert.IsType<WriteResult.Conflict>(await one.WriteAsync(Things, new DocumentWrite.Replace("a", revision, Json.Body(new { }))));
        await two.WriteAsync(Things, Json.Create("a", new { }));
        Assert.NotNull(await one.GetAsync(Things, "a"));
    }

    [SkippableFact]
    public async Task Closing_finishes_the_writes_that_wait()
    {
        await using var couch = await CouchFixture.OnAsync(CouchServer.SingleAsync());
        var store = couch.Open();
        await store.EnsureCollectionAsync(Definition);
        var writes = Enumerable.Range(0, 100).Select(n => store.WriteAsync(Things, Json.Create($"d{n}", new { a = "1" })).AsTask()).ToArray();

        await store.DisposeAsync();

        Assert.All(await Task.WhenAll(writes).WaitAsync(Patience), result => Assert.IsType<WriteResult.Written>(result));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.GetAsync(Things, "d1"));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.WriteAsync(Things, Json.Create("late", new { })));
    }

    [SkippableFact]
    public async Task A_full_disk_is_told_and_it_goes_on_when_there_is_room()
    {
        using var disk = new TinyDisk(kilobytes: 16_384);
        await using var server = await CouchServer.StartAsync(folder: disk.Path);
        await using var couch = new CouchFixture(server);
        var store = couch.Open();
        await store.EnsureCollectionAsync(Definition);
        var kept = (await store.WriteAsync(Things, Json.Create("kept", new { a = "1" }))).Revision();
        disk.Fill();

        var error = await Assert.ThrowsAsync<DocumentStoreUnavailableException>(async () =>
        {
            for (var n = 0; n < 50; n++)
            {
                await store.WriteAsync(Things, Json.Create($"d{n}", new { a = new string('x', 100_000) }));
            }
        });
        Assert.Contains("its disk may be full", error.Message, StringComparison.Ordinal);

        disk.Free();
        Assert.Equal(kept, (await store.GetAsync(Things, "kept"))!.Revision);
        Assert.IsType<WriteResult.Written>(await store.WriteAsync(Things, Json.Create("again", new { a = "1" })));
    }
}
