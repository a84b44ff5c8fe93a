namespace Dcron.Api.Health;

/// <summary>Whether a node can do its work.</summary>
/// <param name="Status"><c>ready</c> or <c>not_ready</c>.</param>
/// <param name="Checks">Each part that is needed: <c>ok</c>, or what is the matter.</param>
internal sealed record HealthView(string Status, IReadOnlyDictionary<string, string> Checks);
