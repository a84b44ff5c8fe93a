using System.CommandLine;
namespace Dcron.Cli.Commands;
internal static class LogsCommand
{
    public static Command Create(CommandTree tree) => new("logs");
}
