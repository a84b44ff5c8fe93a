using Dcron.Storage.Documents;
using Dcron.Tests.Storage.Documents.CouchDb;

namespace Dcron.Tests.Storage.Orleans;

public sealed class CouchGrainStorageTests : GrainStorageContract
{
    private CouchFixture? _couch;

    protected override async ValueTask<IDocumentStore> OpenAsync() => (_couch = await CouchFixture.OnAsync(CouchServer.SingleAsync())).Open();

    protected override ValueTask CloseAsync() => _couch?.DisposeAsync() ?? default;
}

public sealed class CouchReminderTableTests : ReminderTableContract
{
    private CouchFixture? _couch;

    protected override async ValueTask<IDocumentStore> OpenAsync() => (_couch = await CouchFixture.OnAsync(CouchServer.SingleAsync())).Open();

    protected override ValueTask CloseAsync() => _couch?.DisposeAsync() ?? default;
}

public sealed class CouchMembershipTableTests : MembershipTableContract
{
    private CouchFixture? _couch;

    protected override async ValueTask<IDocumentStore> OpenAsync() => (_couch = await CouchFixture.OnAsync(CouchServer.SingleAsync())).Open();

    protected override ValueTask CloseAsync() => _couch?.DisposeAsync() ?? default;
}

/// <summary>Three nodes, with the one copy of each document on one of them.</summary>
public sealed class CouchClusterGrainStorageTests : GrainStorageContract
{
    private CouchFixture? _couch;

    protected override async ValueTask<IDocumentStore> OpenAsync() => (_couch = await CouchFixture.OnAsync(CouchServer.ClusterAsync())).Open();

    protected override ValueTask CloseAsync() => _couch?.DisposeAsync() ?? default;
}

public sealed class CouchClusterReminderTableTests : ReminderTableContract
{
    private CouchFixture? _couch;

    protected override async ValueTask<IDocumentStore> OpenAsync() => (_couch = await CouchFixture.OnAsync(CouchServer.ClusterAsync())).Open();

    protected override ValueTask CloseAsync() => _couch?.DisposeAsync() ?? default;
}

public sealed class CouchClusterMembershipTableTests : MembershipTableContract
{
    private CouchFixture? _couch;

    protected override async ValueTask<IDocumentStore> OpenAsync() => (_couch = await CouchFixture.OnAsync(CouchServer.ClusterAsync())).Open();

    protected override ValueTask CloseAsync() => _couch?.DisposeAsync() ?? default;
}

/// <summary>A smoke run where there is no CouchDB.</summary>
public sealed class PouchGrainStorageTests : GrainStorageContract
{
    private CouchFixture? _couch;

    protected override async ValueTask<IDocumentStore> OpenAsync() => (_couch = await CouchFixture.OnAsync(CouchServer.PouchAsync())).Open();

    protected override ValueTask CloseAsync() => _couch?.DisposeAsync() ?? default;
}

/// <summary>A smoke run where there is no CouchDB.</summary>
public sealed class PouchReminderTableTests : ReminderTableContract
{
    private CouchFixture? _couch;

    protected override async ValueTask<IDocumentStore> OpenAsync() => (_couch = await CouchFixture.OnAsync(CouchServer.PouchAsync())).Open();

    protected override ValueTask CloseAsync() => _couch?.DisposeAsync() ?? default;
}

/// <summary>A smoke run where there is no CouchDB.</summary>
public sealed class PouchMembershipTableTests : MembershipTableContract
{
    private CouchFixture? _couch;

    protected override async ValueTask<IDocumentStore> OpenAsync() => (_couch = await CouchFixture.OnAsync(CouchServer.PouchAsync())).Open();

    protected override ValueTask CloseAsync() => _couch?.DisposeAsync() ?? default;
}
