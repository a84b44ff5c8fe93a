using System.Text.Json;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Json;
using Dcron.Storage.Documents;

namespace Dcron.Tests.Simulation;

/// <summary>Sees every write as the database carries it out, and says what must never be written.</summary>
internal sealed class Onlooker
{
    private readonly Dictionary<string, (DateTimeOffset Mark, int MostWaiting)> _jobs = new(StringComparer.Ordinal);
    private readonly HashSet<string> _gone = new(StringComparer.Ordinal);

    public List<string> Violations { get; } = [];

    /// <summary>Collections of months that were dropped.</summary>
    public HashSet<string> Dropped { get; } = new(StringComparer.Ordinal);

    public Decisions Decisions { get; } = new();

    public void Saw(string collection, string id, Document? before, Document? after)
    {
        if (before?.Revision == after?.Revision)
        {
            return;
        }

        if (collection == JobCollections.Jobs)
        {
            var job = JobOf(after);
            SawJob(id, job);
            if (JobOf(before) is { } old && job is not null)
            {
                Decisions.SawJob(old, job);
            }
        }
        else if (collection == JobCollections.Versions && after is not null)
        {
            Decisions.SawVersion(after);
        }
        else if (collection.StartsWith(JobCollections.ExecutionsPrefix, StringComparison.Ordinal) && before is not null && after is not null
            && ResultOf(before) is var was && was != "running" && ResultOf(after) is var now && now != was)
        {
            Violations.Add($"{id} was {was} and is {now} now");
        }

        if (collection.StartsWith(JobCollections.ExecutionsPrefix, StringComparison.Ordinal) && after is not null && !Decisions.SawExecution(after))
        {
            Violations.Add($"{id} had ended, and has ended at another time now");
        }
    }

    private static JobDocument? JobOf(Document? document) => document is null ? null : JsonSerializer.Deserialize(document.Body.Span, DcronJson.Default.JobDocument);

    private void SawJob(string id, JobDocument? job)
    {
        if (job is null)
        {
            _gone.Add(id);
            return;
        }

        if (_gone.Contains(id))
        {
            Violations.Add($"{id} was deleted and is there again");
        }

        var (mark, mostWaiting) = _jobs.GetValueOrDefault(id);
        mostWaiting = Math.Max(mostWaiting, job.Spec.OverlapPolicy == OverlapPolicy.Queue ? job.Spec.QueueLimit ?? JobSpec.DefaultQueueLimit : 1);
        _jobs[id] = (job.PlannedUpTo, mostWaiting); // what one policy let in stays under the next
        if (job.PlannedUpTo < mark)
        {
            Violations.Add($"{id} has decided up to {mark:O}, and then up to {job.PlannedUpTo:O} only");
        }

        if (job.Open.Count(owed => owed.Waits) is var waiting && waiting > mostWaiting)
        {
            Violations.Add($"{waiting} launches of {id} wait, of {mostWaiting} that may");
        }

        if (job.WakeAt is null && (job.Open.Count + job.Unrecorded.Count > 0 || (job.DeletedAt is null && job.Backfills?.Any(backfill => backfill.EndedAt is null) == true && job.Open.Count == 0)))
        {
            Violations.Add($"{id} has something in hand, and nobody will wake it");
        }
    }

    private static string ResultOf(Document document)
    {
        using var json = JsonDocument.Parse(document.Body);
        return json.RootElement.GetProperty("execution_result").GetString()!;
    }
}
