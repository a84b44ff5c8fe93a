using Dcron.Api.Requests;
using Dcron.Grains.Jobs;

namespace Dcron.Api.Jobs;

internal static class JobRules
{
    public static void Check(JobSpec spec, JobDocument? current, DateTimeOffset now, FieldErrors errors)
    {
    }
}
