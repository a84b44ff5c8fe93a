namespace Dcron.Api.Audit;

/// <summary>What the audit calls an endpoint that has no name of its own: the console's buttons do what calls of the API do, and are called like them.</summary>
internal sealed record AuditedAs(string Action);
