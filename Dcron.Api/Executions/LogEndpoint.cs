using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Dcron.Api.Access;
using Dcron.Api.OpenApi;
using Dcron.Api.Problems;
using Dcron.Api.Requests;
using Dcron.Grains.Executions;
using Dcron.Storage.Objects;

namespace Dcron.Api.Executions;

/// <summary>What a script printed: whole, a part, or as it comes.</summary>
internal static class LogEndpoint
{
    private const string ContentType = "text/plain; charset=utf-8";

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapMethods("/executions/{execution_id}/log", [HttpMethods.Get, HttpMethods.Head], GetAsync)
            .WithTags("Executions")
            .Describe("GetExecutionLog", "What the script printed: whole, a range of bytes, or as it comes", Role.Viewer)
            .WithQuery(ApiParameters.Follow)
            .WithHeader(ApiParameters.Range, ApiParameters.LastEventId)
            .AnswersText(200).AnswersText(206).Problems(400, 404, 416);

    private static async Task<IResult> GetAsync(HttpContext context, string execution_id, ExecutionFinder finder, Logs logs, LogFollower follower)
    {
        var query = new QueryReader(context.Request, "follow");
        var follow = query.Bool("follow") ?? false;
        if (query.Errors.Any)
            return Problem.Invalid(query.Errors);
        if (!ExecutionId.TryParse(execution_id, out var id) || await finder.FindAsync(id, context.RequestAborted) is not { } execution)
            return Problem.NoSuchExecution(execution_id);
        if (follow && HttpMethods.IsGet(context.Request.Method))
            return new LogStream(follower, execution);

        return await logs.FindAsync(execution, context.RequestAborted) switch
        {
            LogSource.None none => Problem.NoLog(execution_id, none.Why),
            LogSource.Empty => new LogAnswer(0, null, (_, _, _, _) => Task.CompletedTask),
            LogSource.Stored stored => new LogAnswer(
                stored.Stat.Size, TagOf(stored.Stat), (to, from, length, cancel) => CopyAsync(logs, stored.Location, to, from, length, cancel)),
            LogSource.Growing growing => new LogAnswer(
                growing.First.Length, null, (to, from, length, cancel) => CopyAsync(growing, to, from, length, cancel)),
            var other => throw new System.Diagnostics.UnreachableException($"{other}"),
        };
    }

    // A store's tag may hold characters that an entity tag may not.
    private static string TagOf(ObjectStat stat) =>
        $"\"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{stat.Location}\n{stat.Tag}\n{stat.Size}")))[..32]}\"";

    private static async Task CopyAsync(Logs logs, ObjectLocation location, Stream to, long from, long length, CancellationToken cancel)
    {
        if (await logs.OpenAsync(location, new ByteRange(from, length), cancel) is not { } content)
            throw new ObjectStoreUnavailableException($"the log at {location} vanished while it was read");

        await using (content)
            await content.Stream.CopyToAsync(to, cancel);
    }

    private static async Task CopyAsync(LogSource.Growing log, Stream to, long from, long length, CancellationToken cancel)
    {
        for (var end = from + length; from < end;)
        {
            var chunk = from == 0 ? log.First : await log.Execution.ReadLog(from, Logs.ChunkBytes, TimeSpan.Zero);
            var bytes = chunk.Bytes.AsMemory(0, (int)Math.Min(chunk.Bytes.Length, end - from));
            if (bytes.IsEmpty)
                throw new ObjectStoreUnavailableException("the execution ended while its log was read; ask again");

            await to.WriteAsync(bytes, cancel);
            from += bytes.Length;
        }
    }

    private delegate Task Copy(Stream to, long from, long length, CancellationToken cancel);

    private sealed class LogAnswer(long size, string? tag, Copy copy) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var (request, response) = (httpContext.Request, httpContext.Response);
            response.Headers.AcceptRanges = "bytes";
            response.Headers.ETag = tag;
            if (tag is not null && request.Headers.IfNoneMatch.ToString().Split(',', StringSplitOptions.TrimEntries).Contains(tag))
            {
                response.StatusCode = StatusCodes.Status304NotModified;
                return;
            }

            // If-Range with anything but the present tag asks for the whole.
            var current = request.Headers.IfRange.Count == 0 || (tag is not null && request.Headers.IfRange == tag);
            var range = current ? LogRange.Of(request.Headers.Range, size) : new LogRange.Whole();
            if (range is LogRange.NotSatisfiable)
            {
                response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{size}");
                await Problem.RangeNotSatisfiable(size).ExecuteAsync(httpContext);
                return;
            }

            var (from, length) = range is LogRange.Part part ? (part.From, part.Length) : (0, size);
            response.ContentType = ContentType;
            response.ContentLength = length;
            if (range is LogRange.Part)
            {
                response.StatusCode = StatusCodes.Status206PartialContent;
                response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{from + length - 1}/{size}");
            }

            if (length > 0 && !HttpMethods.IsHead(request.Method))
                await copy(response.Body, from, length, httpContext.RequestAborted);
        }
    }

    private sealed class LogStream(LogFollower follower, ExecutionDocument execution) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => follower.StreamAsync(httpContext, execution);
    }
}
