using Dcron.Api.Access;
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
        workers.MapGet("", ListAsync).Describe("ListWorkers", "The workers that report", Role.Viewer)
            .Answers<IReadOnlyList<WorkerView>>(200);
        workers.MapPost("/{worker_id}/drain", (string worker_id, IGrainFactory grains) => ChangeAsync(worker_id, grains, worker => worker.Drain()))
            .Describe("DrainWorker", "Give it nothing more; what runs goes on", Role.Admin).Answers<WorkerView>(202).Problems(404);
        workers.MapPost("/{worker_id}/undrain", (string worker_id, IGrainFactory grains) => ChangeAsync(worker_id, grains, worker => worker.Undrain()))
            .Describe("UndrainWorker", "Give it work again", Role.Admin).Answers<WorkerView>(202).Problems(404);
    }

    private static async Task<IResult> ListAsync(IGrainFactory grains)
    {
        var workers = await grains.GetGrain<ILeaderGrain>(0).GetWorkers();
        var views = workers.OrderBy(worker => worker.WorkerId, StringComparer.Ordinal).Select(WorkerView.Of);
        return Answer.Json<IReadOnlyList<WorkerView>>([.. views], ApiJson.Shared.IReadOnlyListWorkerView);
    }

    private static async Task<IResult> ChangeAsync(string id, IGrainFactory grains, Func<IWorkerGrain, Task> change)
    {
        if ((await grains.GetGrain<ILeaderGrain>(0).GetWorkers()).All(worker => worker.WorkerId != id))
            return Problem.NotFound($"There is no worker '{id}' that reports; GET /workers lists them.");

        var grain = grains.GetGrain<IWorkerGrain>(id);
        await change(grain);
        return Answer.Json(WorkerView.Of(await grain.Describe()), ApiJson.Shared.WorkerView, StatusCodes.Status202Accepted);
    }
}
