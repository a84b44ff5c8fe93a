using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;
using Dcron.Storage.Documents;

namespace Dcron.Grains.History;

public sealed partial class ExecutionHistory
{
    /// <summary>The fire times of a period for which an execution of the job succeeded or runs, whichever attempt or backfill it was; manual runs don't count.</summary>
    /// <remarks>Answered from the index alone: no document is read.</remarks>
    /// <param name="jobId">The job.</param>
    /// <param name="from">From this instant on.</param>
    /// <param name="to">Before this instant.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public async ValueTask<IReadOnlySet<DateTimeOffset>> SucceededInstantsAsync(
        JobId jobId, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken = default)
    {
        var (succeeded, running) = (WordOf(ExecutionResult.Succeeded), WordOf(ExecutionResult.Running));
        var instants = new HashSet<DateTimeOffset>();
        foreach (var month in (await store.ListCollectionsAsync(JobCollections.ExecutionsPrefix, cancellationToken))
            .Where(name => string.CompareOrdinal(name, JobCollections.ExecutionsOf(from)) >= 0 && string.CompareOrdinal(name, JobCollections.ExecutionsOf(to)) <= 0))
        {
            var query = new IndexQuery(JobCollections.ByJobAndTime, jobId.Value)
            {
                From = UtcTime.ToText(from),
                To = UtcTime.ToText(to.AddMilliseconds(-1)),
                Limit = 1000,
                IncludeBodies = false,
            };
            for (string? cursor = null; ;)
            {
                var page = await store.QueryAsync(month, query with { Cursor = cursor }, cancellationToken);
                instants.UnionWith(page.Rows
                    .Where(row => row.Key[^1] == succeeded || row.Key[^1] == running)
                    .Select(row => ExecutionId.Parse(row.Id))
                    .Where(id => id.Manual == 0)
                    .Select(id => id.FireTime));
                if ((cursor = page.Next) is null)
                {
                    break;
                }
            }
        }

        return instants;
    }
}
