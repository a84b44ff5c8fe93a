using Dcron.Api.Requests;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;

namespace Dcron.Api.Jobs;

/// <summary>The rules of a spec, told by field.</summary>
internal static class JobRules
{
    /// <param name="spec">What to judge.</param>
    /// <param name="id">The job that it is for.</param>
    /// <param name="createdAt">Now, for a new job; null for one that exists.</param>
    /// <param name="errors">Where to tell.</param>
    public static void Check(JobSpec spec, JobId id, DateTimeOffset? createdAt, FieldErrors errors)
    {
        foreach (var error in JobSpecRules.Check(spec, id, createdAt))
        {
            // The field stands before the message already.
            var message = error.Message.StartsWith(error.Field + " ", StringComparison.Ordinal) ? error.Message[(error.Field.Length + 1)..] : error.Message;
            errors.Add(error.Field, message);
        }
    }
}
