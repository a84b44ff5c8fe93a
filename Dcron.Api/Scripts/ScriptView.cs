namespace Dcron.Api.Scripts;

/// <summary>A stored script.</summary>
/// <param name="ScriptLocation">What a job names it by.</param>
/// <param name="Sha256">Lower case hex.</param>
/// <param name="Size">Bytes.</param>
internal sealed record ScriptView(string ScriptLocation, string Sha256, long Size);
