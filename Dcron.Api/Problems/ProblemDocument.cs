namespace Dcron.Api.Problems;

/// <summary>Problem details (RFC 9457): what went wrong, why, and what would be right.</summary>
internal sealed record ProblemDocument
{
    /// <summary>A URN that names the kind of problem; programs decide by it.</summary>
    public required string Type { get; init; }

    public required string Title { get; init; }

    public required int Status { get; init; }

    public required string Detail { get; init; }

    /// <summary>What is wrong, by field of the body or parameter of the query.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>>? Errors { get; init; }

    /// <summary>The job that is in the way.</summary>
    public string? JobId { get; init; }

    /// <summary>The role that the call needs.</summary>
    public string? RequiredRole { get; init; }

    /// <summary>The ETag that the resource has now.</summary>
    public string? CurrentEtag { get; init; }
}
