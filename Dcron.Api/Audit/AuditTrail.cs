using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dcron.Api.Access;
using Dcron.Grains.Json;

namespace Dcron.Api.Audit;

/// <summary>The audit of one call. A handler begins it when it knows what it is about to change, and only then changes it.</summary>
internal sealed class AuditTrail(HttpContext context, string action, AuditStore store, TimeProvider time)
{
    private readonly List<AuditRecord> _records = [];

    /// <summary>What was begun; empty while nothing was.</summary>
    public IReadOnlyList<AuditRecord> Records => _records;

    public static AuditTrail Of(HttpContext context) =>
        context.Features.Get<AuditTrail>() ?? throw new InvalidOperationException("This call is not audited: it changes nothing, by its method.");

    /// <summary>Writes down what is about to change. When this returns, the record is durable; when it throws, nothing may be changed.</summary>
    /// <param name="target">What is changed.</param>
    /// <param name="before">What it is; null for what is new.</param>
    /// <param name="after">What is asked for; null where it is about to be gone, or stays as it is.</param>
    /// <param name="type">How both are written. Never give it a secret's value.</param>
    public Task BeginAsync<T>(AuditTarget target, T? before, T? after, JsonTypeInfo<T> type)
        where T : class => BeginAsync(action, target, before is null ? null : JsonSerializer.SerializeToElement(before, type), after is null ? null : JsonSerializer.SerializeToElement(after, type));

    /// <summary>The same for what leaves no other trace than that it was done, such as a run.</summary>
    public Task BeginAsync(AuditTarget target) => BeginAsync(action, target, null, null);

    /// <summary>The same for a second thing that the call does, by its own name: a button that saves a job and runs it.</summary>
    public Task AlsoAsync(string also, AuditTarget target) => BeginAsync(also, target, null, null);

    private async Task BeginAsync(string action, AuditTarget target, JsonElement? before, JsonElement? after)
    {
        if (_records.Exists(known => known.Action == action))
            return; // tried again on what somebody else has changed meanwhile: the first record says what was asked for

        var now = UtcTime.ToMilliseconds(time.GetUtcNow());
        var record = new AuditRecord
        {
            AuditId = AuditStore.NewId(now),
            At = now,
            Action = action,
            Target = target.Text,
            Namespace = target.Namespace,
            ActorId = Caller.IdOf(context.User),
            Actor = Caller.NameOf(context.User),
            Address = context.Connection.RemoteIpAddress?.ToString() ?? "unknown",
            Before = before,
            After = after,
        };
        await store.AppendAsync(record, context.RequestAborted);
        _records.Add(record);
    }
}
