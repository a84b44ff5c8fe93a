using Dcron.Storage.Documents;
using Dcron.Tests.Storage.Documents.Sqlite;

namespace Dcron.Tests.Storage.Orleans;

public sealed class SqliteGrainStorageTests : GrainStorageContract
{
    private readonly SqliteFixture _sqlite = new();

    protected override ValueTask<IDocumentStore> OpenAsync() => new(_sqlite.Open());

    protected override ValueTask CloseAsync() => _sqlite.DisposeAsync();
}

public sealed class SqliteReminderTableTests : ReminderTableContract
{
    private readonly SqliteFixture _sqlite = new();

    protected override ValueTask<IDocumentStore> OpenAsync() => new(_sqlite.Open());

    protected override ValueTask CloseAsync() => _sqlite.DisposeAsync();
}

public sealed class SqliteMembershipTableTests : MembershipTableContract
{
    private readonly SqliteFixture _sqlite = new();

    protected override ValueTask<IDocumentStore> OpenAsync() => new(_sqlite.Open());

    protected override ValueTask CloseAsync() => _sqlite.DisposeAsync();
}
