using Dcron.Api.Access;
using Dcron.Api.Requests;
using Microsoft.AspNetCore.WebUtilities;

namespace Dcron.Api.Problems;

/// <summary>Every problem that this API answers, each with its own type.</summary>
internal static class Problem
{
    private const string Urn = "urn:dcron:problem:";

    /// <summary>400 where something could not be read, 422 where it could but is not valid.</summary>
    public static ProblemResult Invalid(FieldErrors errors) => errors.Malformed
        ? Of(400, "malformed-request", "The request can't be read", "See errors for each field.", problem => problem with { Errors = errors.ToDictionary() })
        : Of(422, "invalid-request", "The request is not valid", "See errors for each field.", problem => problem with { Errors = errors.ToDictionary() });

    /// <summary>422 for one field.</summary>
    public static ProblemResult Invalid(string field, string message)
    {
        var errors = new FieldErrors();
        errors.Add(field, message);
        return Invalid(errors);
    }

    public static ProblemResult MalformedCursor()
    {
        var errors = new FieldErrors();
        errors.AddMalformed("cursor", "is not a cursor of this listing; take it from the Link header of the page before");
        return Invalid(errors);
    }

    public static ProblemResult MalformedJson(string detail) => Of(400, "malformed-json", "The body is not JSON that can be read", detail);

    public static ProblemResult BadRequest(string detail) => Of(400, "malformed-request", "The request can't be read", detail);

    public static ProblemResult KeyNeeded(string detail) => Of(401, "key-needed", "A key is needed", detail);

    public static ProblemResult RoleTooSmall(string needed, string has) => Of(403, "role-too-small", "The key's role is too small",
        $"This call needs the role {needed}; the key has the role {has}.", problem => problem with { RequiredRole = needed });

    public static ProblemResult WholeCluster(NamespaceScope scope) => Of(403, "whole-cluster", "The call is not limited to a namespace",
        $"This call shows or changes the cluster as a whole; the key is limited to {scope}.");

    public static ProblemResult NotYourNamespace(string name, NamespaceScope scope) => Of(403, "not-your-namespace", "The key is not for this namespace",
        $"The key is limited to {scope}; the call is about the namespace '{name}'.");

    public static ProblemResult TooManyTries(int retryAfterSeconds) => Of(429, "too-many-wrong-keys", "Too many wrong keys came from this address",
        "One key a second is looked at from here until no wrong ones come any more. A key that was right before is not slowed down.", retryAfterSeconds: retryAfterSeconds);

    public static ProblemResult TooManyCalls(int retryAfterSeconds) => Of(429, "too-many-calls", "Too many calls",
        "This caller makes more calls than Dcron:Api:RateLimit allows. Wait as long as Retry-After says.", retryAfterSeconds: retryAfterSeconds);

    public static ProblemResult NoSuchSecret(string inNamespace, string name) => NotFound($"There is no secret '{name}' in the namespace '{inNamespace}'.");

    public static ProblemResult NoSealingKey(string detail) => Of(409, "no-sealing-key", "There is no key to seal secrets with", detail);

    public static ProblemResult ForeignHost(string host) => Of(403, "foreign-host", "This host name is not served without a key",
        $"The node was called as '{host}'. Call it as localhost or by its address, or add the name to Dcron:Api:AllowedHosts, or set Dcron:Api:RequireKey to true and use a key.");

    public static ProblemResult ForeignOrigin() => Of(403, "foreign-origin", "Another site's page may not do this",
        "The request came from a page of another origin. Send it from a program, or from a page of this server.");

    public static ProblemResult NoSuchJob(string id) => NotFound($"There is no job '{id}'.");

    public static ProblemResult NoSuchExecution(string id) => NotFound($"There is no execution '{id}'.");

    public static ProblemResult NoLog(string id, string why) => NotFound($"Execution {id} has no log. {why}");

    public static ProblemResult NotFound(string detail) => Of(404, "not-found", "Not found", detail);

    public static ProblemResult MethodNotAllowed(string method, string allowed) => Of(405, "method-not-allowed", "This method does not exist here",
        $"{method} does not exist here{(allowed.Length > 0 ? $"; there is {allowed}" : "")}.");

    public static ProblemResult NameTaken(string name, string jobId) => Of(409, "name-taken", "Another job has this name",
        $"The name '{name}' belongs to job {jobId}. Choose another name, or update or delete that job.", problem => problem with { JobId = jobId });

    public static ProblemResult JobWasDeleted(string jobId) => Of(409, "job-was-deleted", "The job was deleted",
        $"This Idempotency-Key created job {jobId}, which was deleted since, and a repeat does not bring it back. To create a job like it, send the request with another key, or without one.",
        problem => problem with { JobId = jobId });

    public static ProblemResult ExecutionIsOver(string id, string result) => Of(409, "execution-is-over", "The execution is over",
        $"Execution {id} is {result}: there is nothing left to cancel.");

    public static ProblemResult ExecutionIsEnding(string id) => Of(409, "execution-is-ending", "The execution is just ending",
        $"Execution {id} does not run on its worker any more, and its result is about to be known. Ask for it again in a moment.", retryAfterSeconds: 1);

    public static ProblemResult NoRerun(string reason) => Of(409, "no-rerun", "It can't be run again exactly", reason);

    public static ProblemResult BackfillIsOver(int number) => Of(409, "backfill-is-over", "The backfill is over",
        $"Backfill {number} has ended or was cancelled before: there is nothing left to cancel.");

    public static ProblemResult LogNotStoredYet(string id) => Of(409, "log-not-stored-yet", "The log is not in the object store yet",
        $"Execution {id} is not over, and its log comes to the object store when it is. Until then GET /api/v1/executions/{id}/log?follow=true shows it.", retryAfterSeconds: 2);

    public static ProblemResult VersionMismatch(int current) => Of(412, "version-mismatch", "The job has changed meanwhile",
        $"The job is at version {current}, not at the one that If-Match names. Read it again and repeat the change on what it is now.",
        problem => problem with { CurrentEtag = $"\"v{current}\"" });

    public static ProblemResult TooLarge(long limit) => Of(413, "body-too-large", "The body is too large",
        $"At most {limit / 1024 / 1024} MiB are accepted here.");

    public static ProblemResult UnsupportedMediaType(string detail) => Of(415, "unsupported-media-type", "The body's media type is not understood", detail);

    public static ProblemResult RangeNotSatisfiable(long length) => Of(416, "range-not-satisfiable", "The log does not reach that far",
        $"The log has {length} bytes.");

    public static ProblemResult KeyReused() => Of(422, "idempotency-key-reused", "The Idempotency-Key belongs to another request",
        "This Idempotency-Key came with another call or another body before. Use a new key for a new request.");

    public static ProblemResult StillRunning() => Of(409, "idempotency-key-in-use", "The first request with this Idempotency-Key is still under way",
        "Its answer is not known yet. Repeat the request in a moment.", retryAfterSeconds: 1);

    public static ProblemResult Unexpected() => Of(500, "unexpected", "Something went wrong inside dcron",
        "This is a fault of dcron. The node's log has the details under this request's id.");

    public static ProblemResult NoLinks(string instead) => Of(501, "no-links", "The object store has no links",
        $"This cluster keeps its objects in a folder, which has no URLs; an S3 store (Dcron:Objects:Provider) has. {instead}");

    public static ProblemResult Unavailable(string what) => Of(503, "unavailable", "Out of reach for now",
        $"{what} can't be reached right now. Whether a change took effect is not known: repeat the request in a moment, with the same Idempotency-Key for a POST.",
        retryAfterSeconds: 2);

    public static ProblemResult Starting() => Of(503, "starting", "The node is starting",
        "It is not in the cluster yet, perhaps because a store is out of reach; GET /healthz/ready says what is missing. Repeat the request in a moment, or send it to another node.",
        retryAfterSeconds: 2);

    public static ProblemResult Status(int status) => Of(status, "http",
        ReasonPhrases.GetReasonPhrase(status) is { Length: > 0 } phrase ? phrase : "Refused",
        "The server refused the request before it reached dcron's own checks.");

    private static ProblemResult Of(
        int status,
        string type,
        string title,
        string detail,
        Func<ProblemDocument, ProblemDocument>? more = null,
        int? retryAfterSeconds = null)
    {
        var problem = new ProblemDocument { Type = Urn + type, Title = title, Status = status, Detail = detail };
        return new ProblemResult(more is null ? problem : more(problem), retryAfterSeconds);
    }
}
