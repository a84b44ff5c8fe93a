using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Dcron.Tests.Api;

/// <summary>What a node logged, warnings and worse.</summary>
internal sealed class KeptLog : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ConcurrentQueue<(string Text, TaskCompletionSource Seen)> _awaited = new();

    public string Text => string.Join('\n', _lines);

    /// <summary>Completes when a line with this text is there.</summary>
    public Task UntilAsync(string text)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _awaited.Enqueue((text, seen));
        if (Text.Contains(text, StringComparison.Ordinal))
            seen.TrySetResult();
        return seen.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
            return;

        var line = $"{logLevel}: {formatter(state, exception)} {exception}";
        _lines.Enqueue(line);
        foreach (var (text, seen) in _awaited.Where(awaited => line.Contains(awaited.Text, StringComparison.Ordinal)))
            seen.TrySetResult();
    }

    public void Dispose()
    {
    }
}
