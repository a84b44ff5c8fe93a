using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Text.Json;
using System.Text;
using Dcron.Grains.Access;
using Dcron.Grains.Cluster;
using Dcron.Grains.Json;
using Dcron.Storage.Documents;
using Microsoft.Extensions.DependencyInjection;

namespace Dcron.Grains.Jobs;

/// <summary>
/// Keeps names unique within their namespace: a reservation document a name, created before the job's own document bears the name. A reservation whose job
/// does not bear it (its creator died in between) is taken over once it is older than <see cref="Grace"/>.
/// </summary>
internal sealed class JobNames(IDocumentStore store, [FromKeyedServices(DcronClock.Key)] TimeProvider time)
{
    /// <summary>Longer than a create or rename can take between reserving the name and saving the job.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(1);

    /// <param name="inNamespace">As it is stored: null for the default.</param>
    /// <param name="name">What is asked for.</param>
    /// <param name="job">Who asks.</param>
    /// <returns>Null when the name is the job's now, otherwise the job that has it.</returns>
    public async ValueTask<JobId?> ReserveAsync(string? inNamespace, string name, JobId job)
    {
        var id = IdOf(inNamespace, name);
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

            if (time.GetUtcNow() - since < Grace || await Bears(holder, inNamespace, name))
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
    public async ValueTask ReleaseAsync(string? inNamespace, string name, JobId job)
    {
        if (await store.GetAsync(JobCollections.Names, IdOf(inNamespace, name)) is { } taken && Read(taken).Holder == job)
        {
            await store.WriteAsync(JobCollections.Names, new DocumentWrite.Delete(IdOf(inNamespace, name), taken.Revision));
        }
    }

    private async ValueTask<bool> Bears(JobId id, string? inNamespace, string name)
    {
        var stored = await store.GetAsync(JobCollections.Jobs, id.Value);
        var job = stored is null ? null : JsonSerializer.Deserialize(stored.Body.Span, DcronJson.Default.JobDocument);
        return job is { DeletedAt: null } && job.Spec.Name == name && job.Spec.Namespace == inNamespace;
    }

    // A name has no line break in it, so no two pairs give the same text.
    private static string IdOf(string? inNamespace, string name) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(inNamespace is null ? name : $"{inNamespace}\n{name}")));

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
