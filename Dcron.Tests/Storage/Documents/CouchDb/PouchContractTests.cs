using Dcron.Storage.Documents;
using Xunit.Sdk;

namespace Dcron.Tests.Storage.Documents.CouchDb;

/// <summary>
/// pouchdb-server 4.2.0, a smoke run where there is no CouchDB: it speaks the API, and is none. Each test that is overridden here says in what it differs,
/// and fails the day it does not any more. The histories of <see cref="DocumentModelContract"/> page over equal keys all the time, and are left to CouchDB for that reason.
/// </summary>
public sealed class PouchDocumentStoreTests : DocumentStoreContract
{
    private CouchFixture? _couch;

    protected override async ValueTask<IDocumentStore> OpenAsync() => (_couch = await CouchFixture.OnAsync(CouchServer.PouchAsync())).Open();

    protected override ValueTask CloseAsync() => _couch?.DisposeAsync() ?? default;

    /// <summary>It answers that it has dropped a database which never was.</summary>
    public override Task A_collection_that_does_not_exist_reads_as_empty_and_refuses_writes() =>
        Assert.ThrowsAsync<FalseException>(base.A_collection_that_does_not_exist_reads_as_empty_and_refuses_writes);
}

/// <summary>See <see cref="PouchDocumentStoreTests"/>.</summary>
public sealed class PouchDocumentQueryTests : DocumentQueryContract
{
    private CouchFixture? _couch;

    protected override async ValueTask<IDocumentStore> OpenAsync() => (_couch = await CouchFixture.OnAsync(CouchServer.PouchAsync())).Open();

    protected override ValueTask CloseAsync() => _couch?.DisposeAsync() ?? default;

    /// <summary>It does not know <c>startkey_docid</c>, so that a page which begins between equal keys begins with the first of them again.</summary>
    public override Task Pages_hold_every_row_once_also_over_equal_keys(bool descending, bool includeBodies) =>
        Assert.ThrowsAnyAsync<XunitException>(() => base.Pages_hold_every_row_once_also_over_equal_keys(descending, includeBodies));

    /// <inheritdoc cref="Pages_hold_every_row_once_also_over_equal_keys"/>
    public override Task A_query_goes_on_after_any_row_of_a_page(bool descending) =>
        Assert.ThrowsAsync<EqualException>(() => base.A_query_goes_on_after_any_row_of_a_page(descending));

    /// <summary>It knows no collation <c>raw</c>: texts are sorted by UTF-16 code units, where characters beyond U+FFFF come before U+E000 to U+FFFF.</summary>
    public override Task The_order_is_that_of_the_bytes() => Assert.ThrowsAsync<EqualException>(base.The_order_is_that_of_the_bytes);
}
