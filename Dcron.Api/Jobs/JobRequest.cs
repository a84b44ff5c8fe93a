namespace Dcron.Api.Jobs;

/// <summary>The body of CREATE JOB and UPDATE JOB, for the API's description; <see cref="JobSpecReader"/> reads it.</summary>
internal sealed record JobRequest : JobSpecView;

/// <summary>The body of a merge patch, for the API's description.</summary>
internal sealed record JobPatch : JobSpecView;
