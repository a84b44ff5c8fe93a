namespace Dcron.Api.Links;

/// <summary>A URL that bears its own permission to read a log.</summary>
/// <param name="Url">For whoever has it, until it expires.</param>
/// <param name="Method">The HTTP method that it allows.</param>
/// <param name="ExpiresAt">When it stops working.</param>
internal sealed record LogLinkView(string Url, string Method, DateTimeOffset ExpiresAt);

/// <summary>A URL that bears its own permission to store a script.</summary>
/// <param name="Url">For whoever has it, until it expires.</param>
/// <param name="Method">The HTTP method that it allows.</param>
/// <param name="ScriptLocation">What a job names the script by, once it is there.</param>
/// <param name="ExpiresAt">When it stops working.</param>
internal sealed record ScriptLinkView(string Url, string Method, string ScriptLocation, DateTimeOffset ExpiresAt);
