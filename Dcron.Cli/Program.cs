using Dcron.Cli;
using Dcron.Cli.Commands;

return await new CommandTree(Shell.OfThisProcess()).InvokeAsync(args);
