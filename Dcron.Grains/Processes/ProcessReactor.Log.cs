using Microsoft.Extensions.Logging;

namespace Dcron.Grains.Processes;

internal sealed unsafe partial class ProcessReactor
{
    [LoggerMessage(Level = LogLevel.Critical, Message = "Waiting for subprocesses broke ({Reason}); scripts that run now can't be followed any more")]
    private static partial void LogBroken(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Handling an event of a subprocess failed")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
