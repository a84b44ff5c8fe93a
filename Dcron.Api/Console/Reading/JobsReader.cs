using Dcron.Api.Access;
using Dcron.Api.Jobs;
using Dcron.Grains.History;
using Dcron.Grains.Jobs;

namespace Dcron.Api.Console.Reading;

/// <summary>A job in a list.</summary>
/// <param name="Description">Its schedule in words.</param>
/// <param name="Next">Null while it is paused, or when nothing comes any more.</param>
/// <param name="Last">Newest first.</param>
public sealed record JobRow(JobDocument Job, string Description, DateTimeOffset? Next, IReadOnlyList<ExecutionGlance> Last);

/// <param name="Name">Part of a name.</param>
/// <param name="Label"><c>label=value</c> or <c>label</c>.</param>
/// <param name="State"><c>enabled</c>, <c>paused</c>, or null for both.</param>
/// <param name="Namespace">Null for all that the viewer may see.</param>
public sealed record JobsFilter(string? Name, string? Label, string? State, string? Namespace)
{
    public bool IsSet => (Name ?? Label ?? State ?? Namespace) is not null;
}

/// <param name="Next">Cursor of the next page.</param>
/// <param name="IsFirst">False on a further page.</param>
public sealed record JobsModel(IReadOnlyList<JobRow> Rows, JobsFilter Filter, string? Next, bool IsFirst);

/// <summary>Reads a page of jobs; what belongs to a job is read for those that are shown only.</summary>
internal sealed class JobsReader(JobListing listing, ExecutionHistory history, TimeProvider time)
{
    public const int PageSize = 25;

    /// <exception cref="FormatException">The cursor is not one of ours.</exception>
    public async Task<JobsModel> ReadAsync(JobsFilter filter, NamespaceScope scope, string? cursor, CancellationToken cancellationToken)
    {
        var enabled = filter.State switch { "enabled" => true, "paused" => false, _ => (bool?)null };
        IReadOnlyCollection<string>? namespaces = filter.Namespace is not { } asked ? scope.Names : scope.Allows(asked) ? [asked] : [];
        var page = await listing.PageAsync(new ListJobs(PageSize, filter.Name, enabled, filter.Label, cursor, NewestFirst: true, namespaces), cancellationToken);
        var now = time.GetUtcNow();
        var rows = await Task.WhenAll(page.Jobs.Select(job => RowAsync(job, now, cancellationToken)));
        return new JobsModel(rows, filter, page.Next, cursor is null);
    }

    private async Task<JobRow> RowAsync(JobDocument job, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var view = JobSchedule.View(job, now);
        return new JobRow(job, view.Description, view.NextFireTimes is [var next, ..] ? next : null, await history.LastOfAsync(job.JobId, Parts.Strip.Cells, cancellationToken));
    }
}
