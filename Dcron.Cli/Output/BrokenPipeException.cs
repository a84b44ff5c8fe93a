namespace Dcron.Cli.Output;

/// <summary>Whoever read our output has gone (<c>dcron … | head</c>); there is nobody left to tell.</summary>
internal sealed class BrokenPipeException(IOException inner) : Exception(inner.Message, inner);
