using System.Net.Sockets;
using Dcron.Grains.Cluster;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using Orleans.Runtime;

namespace Dcron.Api;

/// <summary>How dcron's programs run.</summary>
public static partial class HostRunning
{
    private static readonly TimeSpan DisposingLimit = TimeSpan.FromSeconds(15);

    /// <summary>Runs until it is told to stop, also while it still waits for its stores. What keeps it from starting is told in a sentence.</summary>
    /// <returns>The exit status.</returns>
    public static async Task<int> RunToEndAsync(this WebApplication app)
    {
        var stopping = app.Lifetime.ApplicationStopping; // not to be had from a host that is disposed of
        var logger = app.Logger;
        try
        {
            await app.StartAsync();
            await app.WaitForShutdownAsync();
        }
        catch (Exception exception) when (Refusal(exception) is { } sentence)
        {
            LogRefused(logger, sentence);
            app.Lifetime.StopApplication(); // what runs beside ends as it does at any stop, and not as a failure
            return 1;
        }
        catch (Exception exception) when (stopping.IsCancellationRequested && Causes(exception).All(cause => cause is OperationCanceledException or OrleansLifecycleCanceledException))
        {
            // Told to stop before everything had started: an end like any other.
        }
        finally
        {
            // What could not start may not be able to end either; whoever started the process must hear of it all the same.
            await app.DisposeAsync().AsTask().WaitAsync(DisposingLimit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        return 0;
    }

    /// <returns>Why the process can't start and what to do about it; null for what nobody but a developer could explain.</returns>
    internal static string? Refusal(Exception exception)
    {
        foreach (var cause in Causes(exception))
        {
            switch (cause)
            {
                case StartRefusedException:
                    return cause.Message;
                case OptionsValidationException invalid:
                    return string.Join(" ", invalid.Failures);
                case IOException { InnerException: AddressInUseException }:
                    return $"The API can't listen: {cause.Message} Is another node running? Choose another address with --urls.";
                case AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse }:
                    return "The ports of the silo are taken by another program, perhaps by another node. Choose others with Dcron:Cluster:SiloPort and Dcron:Cluster:GatewayPort.";
                case SocketException { SocketErrorCode: SocketError.AddressNotAvailable }:
                    return "The silo can't listen on its address, which is none of this machine's. Set Dcron:Cluster:AdvertisedAddress to one that is, "
                        + "or, behind address translation, Dcron:Cluster:ListenAddress.";
                case { } other when other.GetType().Name == "OrleansClusterConnectivityCheckFailedException":
                    return "The silo can't reach the others that the document store knows, so it can't join them: "
                        + $"{other.Message} Check that the machines reach each other at the ports of the silos, and that no other cluster has the same Dcron:Cluster:ClusterId in this document store.";
            }
        }

        return null;
    }

    private static IEnumerable<Exception> Causes(Exception exception) => exception switch
    {
        AggregateException many => many.InnerExceptions.SelectMany(Causes),
        { InnerException: { } inner } => Causes(inner).Prepend(exception),
        _ => [exception],
    };

    [LoggerMessage(LogLevel.Critical, "{Sentence}")]
    private static partial void LogRefused(ILogger logger, string sentence);
}
