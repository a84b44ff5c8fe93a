using Dcron.Storage;
using Dcron.Storage.Objects;
using Microsoft.Extensions.Options;

namespace Dcron.Grains.Scripts;

/// <summary>
/// Where scripts may come from. A node reads objects with a key of its own, and what a script is can be made to end up in a log: so a job may name only
/// what its author could read without dcron too. In dcron's own bucket these are scripts, never logs.
/// </summary>
internal sealed class AllowedScripts(IObjectStore objects, IOptions<DcronStorageOptions> options)
{
    private const string Everybody = "*";
    private const string OwnFolder = "scripts/";

    /// <returns>Null when the location is allowed; otherwise what is wrong with it, without a subject or a full stop.</returns>
    public string? ReasonAgainst(ObjectLocation location, string inNamespace)
    {
        if (location.Bucket == objects.DefaultBucket)
        {
            return location.Key.StartsWith(OwnFolder, StringComparison.Ordinal)
                ? null
                : $"is in dcron's own bucket but not below {OwnFolder}, where scripts are; store it with POST /scripts";
        }

        var allowed = options.Value.Objects.AllowedBuckets.GetValueOrDefault(location.Bucket)?.Split(',', StringSplitOptions.TrimEntries) ?? [];
        return allowed.Contains(Everybody) || allowed.Contains(inNamespace)
            ? null
            : $"is in the bucket '{location.Bucket}', which jobs of the namespace '{inNamespace}' may not have scripts in; store it with POST /scripts, "
                + $"or have Dcron:Objects:AllowedBuckets:{location.Bucket} name the namespace";
    }
}
