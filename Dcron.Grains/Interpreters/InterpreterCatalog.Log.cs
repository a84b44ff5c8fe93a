using Microsoft.Extensions.Logging;

namespace Dcron.Grains.Interpreters;

internal sealed partial class InterpreterCatalog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Interpreter {Name} {Version} is {Program}")]
    private static partial void LogFound(ILogger logger, string name, string version, string program);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Interpreter {Name} is not offered: {Reasons}. Install it, or set Dcron:Worker:Interpreters:<name>:Command")]
    private static partial void LogMissing(ILogger logger, string name, string reasons);
}
