namespace Dcron.Silo;

/// <summary>
/// Orleans' reminders tell, as an error with a stack trace, that they gave up when the process ends before it has begun, such as when its port is taken. That would stand
/// above the sentence that says why it ends, so nothing is heard of them from there on.
/// </summary>
internal sealed class QuietReminders : IHostedService
{
    private const string Category = "Orleans.Runtime.ReminderService.LocalReminderService";

    private volatile bool _ending;

    public static void AddTo(IHostApplicationBuilder builder)
    {
        var quiet = new QuietReminders();
        builder.Logging.AddFilter(Category, level => level >= LogLevel.Warning && !quiet._ending);
        builder.Services.AddHostedService(provider =>
        {
            provider.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(() => quiet._ending = true);
            return quiet;
        });
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
