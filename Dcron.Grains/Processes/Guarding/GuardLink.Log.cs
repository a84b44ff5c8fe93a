using Microsoft.Extensions.Logging;

namespace Dcron.Grains.Processes.Guarding;

internal partial class GuardLink
{
    [LoggerMessage(Level = LogLevel.Information, Message = "The guard serves as process {Pid}")]
    private static partial void LogReady(ILogger logger, int pid);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The guard ended {ExecutionId}: the lease of this node had run out")]
    private static partial void LogEnded(ILogger logger, string executionId);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The guard says: {Line}")]
    private static partial void LogSays(ILogger logger, string line);

    [LoggerMessage(Level = LogLevel.Error, Message = "The guard (process {Pid}) is gone; no script is started until a new one serves")]
    private static partial void LogGone(ILogger logger, int pid);

    [LoggerMessage(Level = LogLevel.Error, Message = "The guard (process {Pid}) does not read what it is told; it is replaced")]
    private static partial void LogStuck(ILogger logger, int pid);

    [LoggerMessage(Level = LogLevel.Error, Message = "The guard could not be started as {Executable} ({Reason}); no script is started until it is")]
    private static partial void LogCannotStart(ILogger logger, string executable, string reason);
}
