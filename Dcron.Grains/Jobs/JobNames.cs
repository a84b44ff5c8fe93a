using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Text.Json;
using System.Text;
using Dcron.Grains.Cluster;
using Dcron.Grains.Json;
using Dcron.Storage.Documents;
using Microsoft.Extensions.DependencyInjection;

namespace Dcron.Grains.Jobs;

/// <summary>
/// Keeps names unique: a reservation document a name, created before the job's own document bears the name. A reservation whose job
/// does not bear it (its creator died in between) is taken over once it is older than <see cref="Grace"/>.
/// </summary>
internal sealed class JobNames(IDocumentStore store, [FromKeyedServices(DcronClock.Key)] TimeProvider time)
{
    /// <summary>Longer than a create or rename can take between reserving the name and saving the job.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    /// <returns>Null when the name is the job's now, otherwise the job that has it.</returns>
    public async ValueTask<JobId?> ReserveAsync(string name, JobId job)
    {
        var id = IdOf(name);
        while (true)
        {
            if (await store.WriteAsync(JobCollections.Names, new DocumentWrite.Create(id, BodyOf(name, job))) is WriteResult.Written)
            {
                return null;
            }

            if (await store.GetAsync(JobCollections.Names, id) is not { } taken)
            {
                continue; // released in between
            }

            var (holder, since) = Read(taken);
            if (holder == job)
            {
                return null;
            }

            if (time.GetUtcNow() - since < Grace || await Bears(holder, name))
            {
                return holder;
            }

            if (await store.WriteAsync(JobCollections.Names, new DocumentWrite.Replace(id, taken.Revision, BodyOf(name, job))) is WriteResult.Written)
            {
                return null;
            }
        }
    }

    /// <summary>Gives the name back, if this job has it.</summary>
    public async ValueTask ReleaseAsync(string name, JobId job)
    {
        if (await store.GetAsync(JobCollections.Names, IdOf(name)) is { } taken && Read(taken).Holder == job)
        {
            await store.WriteAsync(JobCollections.Names, new DocumentWrite.Delete(IdOf(name), taken.Revision));
        }
    }

    private async ValueTask<bool> Bears(JobId id, string name)
    {
        var stored = await store.GetAsync(JobCollections.Jobs, id.Value);
        var job = stored is null ? null : JsonSerializer.Deserialize(stored.Body.Span, DcronJson.Default.JobDocument);
        return job is { DeletedAt: null } && job.Spec.Name == name;
    }

    private static string IdOf(string name) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)));

    private byte[] BodyOf(string name, JobId job) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["name"] = name,
        ["job_id"] = job.Value,
        ["since"] = UtcTime.ToText(time.GetUtcNow()),
    }.ToJsonString());

    private static (JobId Holder, DateTimeOffset Since) Read(Document document)
    {
        var body = JsonNode.Parse(document.Body.Span)!;
        return (JobId.Parse((string)body["job_id"]!), UtcTime.FromText((string)body["since"]!));
    }
}
