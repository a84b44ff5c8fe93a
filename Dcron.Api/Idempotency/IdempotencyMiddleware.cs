using System.Security.Cryptography;
using System.Text;
using Dcron.Api.Access;
using Dcron.Api.Problems;
using Dcron.Api.Scripts;
using Dcron.Grains.Jobs;
using Dcron.Storage.Documents;

namespace Dcron.Api.Idempotency;

/// <summary>
/// Lets a POST be repeated: the first one's answer is kept, and a repeat gets it without anything happening again. A request that began and never
/// answered (crash, lost connection) is gone on with by its repeat, under the ids that it had chosen.
/// </summary>
internal sealed partial class IdempotencyMiddleware(RequestDelegate next, IdempotencyStore store, TimeProvider time, ILogger<IdempotencyMiddleware> logger)
{
    public const string Header = "Idempotency-Key";
    public const string ReplayedHeader = "Idempotency-Replayed";

    /// <summary>Longer than any POST takes.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private static readonly string[] KeptHeaders = ["Content-Type", "Location", "ETag"];

    public Task InvokeAsync(HttpContext context)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || context.GetEndpoint() is null || context.Request.Headers[Header] is not { Count: > 0 } given)
            return next(context);

        return given is [{ } text] && IdempotencyKey.IsValid(text)
            ? HandleAsync(context, new IdempotencyKey(Caller.IdOf(context.User), context.Request.Headers.Authorization.ToString(), text))
            : Problem.BadRequest($"{Header} must be given once and have 1 to {IdempotencyKey.MaxLength} printable ASCII characters.").ExecuteAsync(context);
    }

    private async Task HandleAsync(HttpContext context, IdempotencyKey key)
    {
        if (await FingerprintAsync(context.Request) is not { } fingerprint)
        {
            await Problem.TooLarge(ScriptEndpoints.MaxBytes).ExecuteAsync(context);
            return;
        }

        var now = time.GetUtcNow();
        var resumed = false;
        var stored = await store.FindAsync(key.RecordId, context.RequestAborted);
        if (stored is null)
        {
            var record = new IdempotencyRecord { Fingerprint = fingerprint, ReservedId = JobId.New(now).Value, CreatedAt = now, LeasedUntil = now + Lease };
            stored = await store.CreateAsync(key.RecordId, record, context.RequestAborted);
        }
        else if (stored.Record.Fingerprint != fingerprint)
        {
            await Problem.KeyReused().ExecuteAsync(context);
            return;
        }
        else if (stored.Record.Answer is { } answer && key.Open(answer) is { } known)
        {
            await ReplayAsync(context, known);
            return;
        }
        else
        {
            resumed = true;
            stored = stored.Record.LeasedUntil > now && stored.Record.Answer is null
                ? null
                : await store.ReplaceAsync(key.RecordId, stored, stored.Record with { LeasedUntil = now + Lease, Answer = null }, context.RequestAborted);
        }

        if (stored is null)
        {
            await Problem.StillRunning().ExecuteAsync(context);
            return;
        }

        var request = new IdempotentRequest(key.RecordId, stored.Record.ReservedId, resumed);
        context.Features.Set(request);
        await RunAsync(context, request, key, stored);
    }

    private async Task RunAsync(HttpContext context, IdempotentRequest request, IdempotencyKey key, StoredRecord stored)
    {
        var client = context.Response.Body;
        using var body = new MemoryStream();
        context.Response.Body = body;
        var done = false;
        try
        {
            await next(context);
            done = true;
        }
        finally
        {
            context.Response.Body = client;
            if (!done)
                await SettleAsync(request, key, stored, null);
        }

        var status = context.Response.StatusCode;
        await SettleAsync(request, key, stored, new SealedAnswer(status, HeadersOf(context.Response), body.ToArray()));
        if (body.Length > 0)
            await client.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), context.RequestAborted);
    }

    /// <summary>Keeps an answer; forgets a refusal, which changed nothing; leaves what is unknown to whoever repeats the request.</summary>
    private async Task SettleAsync(IdempotentRequest request, IdempotencyKey key, StoredRecord stored, SealedAnswer? answer)
    {
        try
        {
            if (answer is { Status: >= 200 and < 300 } || (answer is { Status: >= 400 and < 500 } && request.KeepsRefusal))
                await store.ReplaceAsync(key.RecordId, stored, stored.Record with { Answer = key.Seal(answer) }, CancellationToken.None);
            else if (answer is { Status: >= 400 and < 500 })
                await store.DeleteAsync(key.RecordId, stored, CancellationToken.None);
            else
                await store.ReplaceAsync(key.RecordId, stored, stored.Record with { LeasedUntil = time.GetUtcNow() }, CancellationToken.None);
        }
        catch (DocumentStoreUnavailableException e)
        {
            // The answer itself is right and goes out; a repeat goes on from the reserved id once the lease has run out.
            NotKept(logger, e.Message);
        }
    }

    private static async Task ReplayAsync(HttpContext context, SealedAnswer answer)
    {
        context.Response.StatusCode = answer.Status;
        foreach (var (name, value) in answer.Headers)
            context.Response.Headers[name] = value;
        context.Response.Headers[ReplayedHeader] = "true";
        context.Response.ContentLength = answer.Body.Length;
        await context.Response.Body.WriteAsync(answer.Body, context.RequestAborted);
    }

    /// <returns>Null when the body is larger than any that is accepted.</returns>
    private static async Task<string?> FingerprintAsync(HttpRequest request)
    {
        if (request.ContentLength > ScriptEndpoints.MaxBytes)
            return null;

        request.EnableBuffering(bufferThreshold: 64 * 1024);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.Method} {request.PathBase}{request.Path}{request.QueryString}\n"));
        var buffer = new byte[16 * 1024];
        for (int read; (read = await request.Body.ReadAsync(buffer, request.HttpContext.RequestAborted)) > 0;)
        {
            hash.AppendData(buffer, 0, read);
            if (request.Body.Position > ScriptEndpoints.MaxBytes)
                return null;
        }

        request.Body.Position = 0;
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static Dictionary<string, string> HeadersOf(HttpResponse response) => KeptHeaders
        .Where(response.Headers.ContainsKey)
        .ToDictionary(name => name, name => response.Headers[name].ToString(), StringComparer.Ordinal);

    [LoggerMessage(LogLevel.Warning, "The answer to a request with an Idempotency-Key could not be kept: {Reason}")]
    private static partial void NotKept(ILogger logger, string reason);
}
