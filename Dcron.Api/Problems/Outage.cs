using Dcron.Grains.Jobs;
using Dcron.Storage.Documents;
using Dcron.Storage.Objects;
using Orleans.Runtime;
using Orleans.Runtime.Messaging;
using Orleans.Serialization;

namespace Dcron.Api.Problems;

/// <summary>Tells an outage, which passes, from a fault.</summary>
internal static class Outage
{
    /// <returns>What is out of reach; null when this is no outage.</returns>
    public static string? Of(Exception? exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            switch (e)
            {
                case DocumentStoreUnavailableException or StoreUnavailableException:
                    return "The document store";
                case ObjectStoreUnavailableException:
                    return "The object store";
                case UnavailableExceptionFallbackException { ExceptionType: { } type } when type.Contains("StoreUnavailableException", StringComparison.Ordinal):
                    return "A store";
                case SiloUnavailableException or OrleansMessageRejectionException or ClientNotAvailableException or ConnectionFailedException
                    or GatewayTooBusyException or OrleansLifecycleCanceledException:
                    return "The cluster";
                case TimeoutException:
                    return "The cluster or a store";
            }
        }

        return null;
    }
}
