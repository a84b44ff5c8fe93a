using Dcron.Api.Access;
using Dcron.Api.Audit;
using Dcron.Api.Json;
using Dcron.Api.OpenApi;
using Dcron.Api.Problems;
using Dcron.Api.Requests;
using Dcron.Grains.Leading;
using Dcron.Grains.Workers;

namespace Dcron.Api.Workers;

/// <summary>Who runs scripts.</summary>
internal static class WorkerEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var workers = api.MapGroup("/workers").WithTags("Workers");
        workers.MapGet("", ListAsync).Describe("ListWorkers", "The workers that report", Role.Viewer, Reach.Anybody)
            .Answers<IReadOnlyList<WorkerView>>(200);
        workers.MapPost("/{worker_id}/drain", (HttpContext context, string worker_id, IGrainFactory grains) => ChangeAsync(context, worker_id, grains, WorkerState.Draining))
            .Describe("DrainWorker", "Give it nothing more; what runs goes on", Role.Admin).Answers<WorkerView>(202).Problems(404);
        workers.MapPost("/{worker_id}/undrain", (HttpContext context, string worker_id, IGrainFactory grains) => ChangeAsync(context, worker_id, grains, WorkerState.Active))
            .Describe("UndrainWorker", "Give it work again", Role.Admin).Answers<WorkerView>(202).Problems(404);
    }

    private static async Task<IResult> ListAsync(IGrainFactory grains)
    {
        var workers = await grains.GetGrain<ILeaderGrain>(0).GetWorkers();
        var views = workers.OrderBy(worker => worker.WorkerId, StringComparer.Ordinal).Select(WorkerView.Of);
        return Answer.Json<IReadOnlyList<WorkerView>>([.. views], ApiJson.Shared.IReadOnlyListWorkerView);
    }

    private static async Task<IResult> ChangeAsync(HttpContext context, string id, IGrainFactory grains, WorkerState state)
    {
        if ((await grains.GetGrain<ILeaderGrain>(0).GetWorkers()).FirstOrDefault(worker => worker.WorkerId == id) is not { } known)
            return Problem.NotFound($"There is no worker '{id}' that reports; GET /workers lists them.");

        var grain = grains.GetGrain<IWorkerGrain>(id);
        await AuditTrail.Of(context).BeginAsync(AuditTarget.Worker(id), new AuditedWorker(Words.Of(known.State)), new AuditedWorker(Words.Of(state)), ApiJson.Shared.AuditedWorker);
        await (state == WorkerState.Draining ? grain.Drain() : grain.Undrain());
        return Answer.Json(WorkerView.Of(await grain.Describe()), ApiJson.Shared.WorkerView, StatusCodes.Status202Accepted);
    }
}
