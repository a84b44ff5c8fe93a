namespace Dcron.Api;

/// <summary>
/// The log of one class of Orleans' or of the host's, without what only misleads: why the process can't start, with a stack trace, before <see cref="HostRunning"/> tells
/// it in a sentence; and a duration that is longer than the process has lived. Entry by entry: a level would take more with it.
/// </summary>
internal sealed class NoiseFilter<T>(ILoggerFactory loggers) : ILogger<T>
{
    private readonly ILogger _log = loggers.CreateLogger(typeof(T).FullName!);

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => _log.BeginScope(state);

    public bool IsEnabled(LogLevel logLevel) => _log.IsEnabled(logLevel);

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!NoiseFilter.IsToldInASentence(exception) && !NoiseFilter.IsLongerThanTheProcessLives(state))
        {
            _log.Log(logLevel, eventId, state, exception, formatter);
        }
    }
}

internal static class NoiseFilter
{
    // A little later than the process itself began.
    private static readonly long Began = TimeProvider.System.GetTimestamp();
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(5);

    private static readonly string[] Filtered = ["Microsoft.Extensions.Hosting.Internal.Host, Microsoft.Extensions.Hosting", "Orleans.Runtime.Watchdog, Orleans.Runtime"];

    /// <summary>The classes are not public; where a later version has none of that name, its log stays as it is.</summary>
    public static void AddTo(IServiceCollection services)
    {
        foreach (var type in Filtered.Select(name => Type.GetType(name)).OfType<Type>())
        {
            services.AddSingleton(typeof(ILogger<>).MakeGenericType(type), typeof(NoiseFilter<>).MakeGenericType(type));
        }
    }

    public static bool IsToldInASentence(Exception? exception) => exception is not null && HostRunning.Refusal(exception) is not null;

    /// <summary>Orleans' watchdog counts from the machine's start until it has looked once: "has not completed for 05:43:06" from a node that is five seconds old.</summary>
    public static bool IsLongerThanTheProcessLives(object? state) =>
        state is IEnumerable<KeyValuePair<string, object?>> values
        && values.Any(pair => pair.Value is TimeSpan duration && duration > TimeProvider.System.GetElapsedTime(Began) + Margin);
}
