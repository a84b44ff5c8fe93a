using Dcron.Storage.Documents;

namespace Dcron.Tests.Storage.Documents.CouchDb;

public sealed class CouchDocumentStoreTests : DocumentStoreContract
{
    private CouchFixture? _couch;

    protected override async ValueTask<IDocumentStore> OpenAsync() => (_couch = await CouchFixture.OnAsync(CouchServer.SingleAsync())).Open();

    protected override ValueTask CloseAsync() => _couch?.DisposeAsync() ?? default;
}

public sealed class CouchDocumentQueryTests : DocumentQueryContract
{
    private CouchFixture? _couch;

    protected override async ValueTask<IDocumentStore> OpenAsync() => (_couch = await CouchFixture.OnAsync(CouchServer.SingleAsync())).Open();

    protected override ValueTask CloseAsync() => _couch?.DisposeAsync() ?? default;
}

public sealed class CouchDocumentModelTests : DocumentModelContract
{
    private CouchFixture? _couch;

    protected override int Histories => 30;

    protected override async ValueTask<IDocumentStore> OpenAsync() => (_couch = await CouchFixture.OnAsync(CouchServer.SingleAsync())).Open();

    protected override ValueTask CloseAsync() => _couch?.DisposeAsync() ?? default;
}

/// <summary>Three nodes, with the one copy of each document on one of them.</summary>
public sealed class CouchClusterDocumentStoreTests : DocumentStoreContract
{
    private CouchFixture? _couch;

    protected override async ValueTask<IDocumentStore> OpenAsync() => (_couch = await CouchFixture.OnAsync(CouchServer.ClusterAsync())).Open();

    protected override ValueTask CloseAsync() => _couch?.DisposeAsync() ?? default;
}

public sealed class CouchClusterDocumentQueryTests : DocumentQueryContract
{
    private CouchFixture? _couch;

    protected override async ValueTask<IDocumentStore> OpenAsync() => (_couch = await CouchFixture.OnAsync(CouchServer.ClusterAsync())).Open();

    protected override ValueTask CloseAsync() => _couch?.DisposeAsync() ?? default;
}

public sealed class CouchClusterDocumentModelTests : DocumentModelContract
{
    private CouchFixture? _couch;

    protected override int Histories => 30;

    protected override async ValueTask<IDocumentStore> OpenAsync() => (_couch = await CouchFixture.OnAsync(CouchServer.ClusterAsync())).Open();

    protected override ValueTask CloseAsync() => _couch?.DisposeAsync() ?? default;
}
