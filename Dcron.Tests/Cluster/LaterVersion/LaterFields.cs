// Not part of dcron, nor of its tests' own assembly: compiled into another build of Dcron.Grains.Interfaces, which stands for a later version whose records have
// one more field each. RollingUpgradeTests runs it beside this version.
namespace Dcron.Grains.Jobs
{
    public sealed partial record JobSpec
    {
        [Id(99)]
        public string? LaterField { get; init; } = "of the spec";
    }

    public sealed partial record JobDocument
    {
        [Id(99)]
        public string? LaterField { get; init; } = "of the job";
    }
}

namespace Dcron.Grains.Executions
{
    public sealed partial record ExecuteJob
    {
        [Id(99)]
        public string? LaterField { get; init; } = "of the launch";
    }

    public sealed partial record ExecutionDocument
    {
        [Id(99)]
        public string? LaterField { get; init; } = "of the execution";
    }
}

namespace Dcron.Grains.Workers
{
    public sealed partial record WorkerInfo
    {
        [Id(99)]
        public string? LaterField { get; init; } = "of the worker";
    }
}
