namespace Dcron.Api;

/// <summary>How dcron's programs run.</summary>
public static class HostRunning
{
    /// <summary>Runs until it is told to stop, also while it still waits for its stores.</summary>
    /// <returns>The exit status.</returns>
    public static async Task<int> RunToEndAsync(this WebApplication app)
    {
        var stopping = app.Lifetime.ApplicationStopping; // not to be had from a host that is disposed of
        try
        {
            await app.RunAsync();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Told to stop before everything had started: an end like any other.
        }

        return 0;
    }
}
