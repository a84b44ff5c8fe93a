namespace Dcron.Api.Executions;

/// <summary>A piece of a log in an event stream.</summary>
/// <param name="Offset">Position of its first byte in the log.</param>
/// <param name="Text">Bytes that are no UTF-8 appear as U+FFFD.</param>
internal sealed record LogText(long Offset, string Text);
