using System.Text.Json.Serialization;

namespace Dcron.Storage.Orleans;

/// <summary>A reminder as it is stored.</summary>
/// <param name="Service">Service id: two services in one store don't see each other's reminders.</param>
/// <param name="Hash">The grain's hash in 8 digits of lower case hex, whose byte order is the order of the hashes.</param>
/// <param name="GrainId">The grain it belongs to.</param>
/// <param name="Name">The reminder's name.</param>
/// <param name="StartAt">First tick, UTC.</param>
/// <param name="Period">Time between ticks.</param>
internal sealed record ReminderDocument(string Service, string Hash, string GrainId, string Name, DateTime StartAt, TimeSpan Period);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ReminderDocument))]
[JsonSerializable(typeof(MembershipDocument))]
[JsonSerializable(typeof(HeartbeatDocument))]
internal sealed partial class OrleansJson : JsonSerializerContext;
