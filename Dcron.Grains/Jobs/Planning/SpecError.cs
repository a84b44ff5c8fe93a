namespace Dcron.Grains.Jobs.Planning;

/// <summary>One thing that is wrong with a job's spec.</summary>
/// <param name="Field">The field in snake_case, as clients write it.</param>
/// <param name="Message">A sentence without a full stop that begins with the field: what is wrong, and what would be right.</param>
public sealed record SpecError(string Field, string Message);
