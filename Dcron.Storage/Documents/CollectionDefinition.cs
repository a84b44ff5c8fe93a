namespace Dcron.Storage.Documents;

/// <summary>A collection and the indexes that it must have.</summary>
/// <param name="Name">Lower case letters, digits, '_' and '-', beginning with a letter; at most 60 characters.</param>
/// <param name="Indexes">The indexes that can be queried by name.</param>
public sealed record CollectionDefinition(string Name, IReadOnlyList<IndexDefinition> Indexes);

/// <summary>
/// An index over top-level fields. Only string values count, so that every store sorts them alike (byte order; keep values ASCII
/// where the order matters). A document that lacks one of the fields, or bears null there, is not in the index.
/// </summary>
/// <param name="Name">Lower case letters, digits and '_'.</param>
/// <param name="Fields">One to four top-level field names.</param>
public sealed record IndexDefinition(string Name, params IReadOnlyList<string> Fields);
