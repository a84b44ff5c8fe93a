using Dcron.Storage;
using Dcron.Storage.Documents;
using Dcron.Storage.Objects;
using Dcron.Tests.Storage.Documents;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Dcron.Tests.Storage;

public sealed class StorageHostingTests
{
    [Fact]
    public async Task The_stores_live_in_the_data_folder_and_are_closed_with_the_host()
    {
        using var folder = new TempFolder();
        IDocumentStore documents;
        using (var host = Build(("Dcron:DataPath", folder.Of("data"))))
        {
            await host.StartAsync();
            Assert.False(Directory.Exists(folder.Of("data"))); // opened at first use
            documents = host.Services.GetRequiredService<IDocumentStore>();
            await documents.EnsureCollectionAsync(new CollectionDefinition("things", []));
            await documents.WriteAsync("things", Json.Create("one", new { }));
            var objects = host.Services.GetRequiredService<IObjectStore>();
            await objects.EnsureReadyAsync();
            await objects.PutAsync(ObjectLocation.Of(objects.DefaultBucket, "x"), new byte[1], "text/plain");
            await host.StopAsync();
        }

        Assert.True(File.Exists(folder.Of("data", "objects", "dcron", "x")));
        Assert.Equal([folder.Of("data", "dcron.db")], Directory.GetFiles(folder.Of("data"))); // its log was merged into it
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await documents.GetAsync("things", "one"));
    }

    [Fact]
    public async Task Everything_that_is_wrong_is_told_at_start()
    {
        using var host = Build(("Dcron:DataPath", " "), ("Dcron:Documents:Provider", "Paper"), ("Dcron:Objects:Provider", "Tape"));

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.Equal(3, error.Failures.Count());
        Assert.Contains("Dcron:DataPath", error.Message, StringComparison.Ordinal);
        Assert.Contains("Dcron:Documents:Provider is 'Paper', which this version of dcron does not support; it supports: Sqlite, CouchDb.", error.Message, StringComparison.Ordinal);
        Assert.Contains("Dcron:Objects:Provider is 'Tape'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_CouchDB_is_checked_at_start_setting_by_setting()
    {
        using var host = Build(
            ("Dcron:Documents:Provider", "couchdb"),
            ("Dcron:Documents:CouchDb:Url", "http://admin:a secret@couchdb:5984"),
            ("Dcron:Documents:CouchDb:Username", "some:body"),
            ("Dcron:Documents:CouchDb:Database", "Dcron"),
            ("Dcron:Documents:CouchDb:TimeoutSeconds", "0"),
            ("Dcron:Documents:CouchDb:Shards", "100"));

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        string[] keys = ["Url", "Username", "Password", "Database", "TimeoutSeconds", "Shards"];
        Assert.Equal(keys.Select(key => $"Dcron:Documents:CouchDb:{key}"), error.Failures.Select(failure => failure.Split(' ')[0]));
        Assert.DoesNotContain("a secret", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "is missing")]
    [InlineData("couchdb:5984", "is no http or https address")]
    [InlineData("http://couchdb:5984/dcron", "has more than scheme, host and port")]
    public async Task The_address_of_a_CouchDB_is_scheme_host_and_port(string url, string told)
    {
        using var host = Build(
            ("Dcron:Documents:Provider", "CouchDb"), ("Dcron:Documents:CouchDb:Url", url), ("Dcron:Documents:CouchDb:Username", "dcron"), ("Dcron:Documents:CouchDb:Password", "secret"));

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.Contains(told, Assert.Single(error.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_S3_store_is_checked_at_start_setting_by_setting()
    {
        using var host = Build(
            ("Dcron:Objects:Provider", "S3"),
            ("Dcron:Objects:S3:Endpoint", "s3.example.com"),
            ("Dcron:Objects:S3:PublicEndpoint", "https://files.example.com/dcron"),
            ("Dcron:Objects:S3:Bucket", "My_Bucket"),
            ("Dcron:Objects:S3:SecretKey", "a secret with spaces"),
            ("Dcron:Objects:S3:Region", "Frankfurt am Main"),
            ("Dcron:Objects:S3:TimeoutSeconds", "0"));

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        string[] keys = ["Endpoint", "PublicEndpoint", "Bucket", "AccessKey", "SecretKey", "Region", "TimeoutSeconds"];
        Assert.Equal(keys.Select(key => $"Dcron:Objects:S3:{key}"), error.Failures.Select(failure => failure.Split(' ')[0]));
        Assert.DoesNotContain("a secret with spaces", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://10.0.0.5:7480", "dcron", "IP address")]
    [InlineData("https://s3.example.com", "dcron.logs", "has a dot")]
    public async Task A_bucket_before_the_host_needs_a_name_that_can_stand_there(string endpoint, string bucket, string told)
    {
        using var host = Build(
            ("Dcron:Objects:Provider", "s3"),
            ("Dcron:Objects:S3:Endpoint", endpoint),
            ("Dcron:Objects:S3:Bucket", bucket),
            ("Dcron:Objects:S3:AccessKey", "key"),
            ("Dcron:Objects:S3:SecretKey", "secret"),
            ("Dcron:Objects:S3:PathStyle", "false"));

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.Contains(told, Assert.Single(error.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_data_path_that_is_a_file_is_told_at_start()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder.Of("file"), "");
        using var host = Build(("Dcron:DataPath", folder.Of("file")));

        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());
        Assert.Contains("name a folder", error.Message, StringComparison.Ordinal);
    }

    private static IHost Build(params (string Key, string Value)[] settings)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration.AddInMemoryCollection(settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value)));
        builder.AddDcronStorage();
        return builder.Build();
    }
}
