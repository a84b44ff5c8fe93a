namespace Dcron.Silo;

/// <summary>
/// When the process ends before it has begun, such as when its port is taken, Orleans' parts tell one after the other, as errors with stack traces, that they gave up. That would
/// stand around the one sentence that says why it ends, so nothing is heard of Orleans from there on.
/// </summary>
internal sealed class QuietFalseStart : IHostedService
{
    private const string Category = "Orleans";

    private volatile bool _isFalseStart;

    public static void AddTo(IHostApplicationBuilder builder)
    {
        var quiet = new QuietFalseStart();
        var least = builder.Configuration.GetValue("Logging:LogLevel:" + Category, LogLevel.Warning); // a filter takes the place of the configured level
        builder.Logging.AddFilter(Category, level => level >= least && !quiet._isFalseStart);
        builder.Services.AddHostedService(provider =>
        {
            var lifetime = provider.GetRequiredService<IHostApplicationLifetime>();
            lifetime.ApplicationStopping.Register(() => quiet._isFalseStart = !lifetime.ApplicationStarted.IsCancellationRequested);
            return quiet;
        });
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
