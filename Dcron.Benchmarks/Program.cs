using Dcron.Benchmarks;
using Dcron.Grains.Processes.Guarding;

// dotnet run -c Release --project Dcron.Benchmarks -- NAME [OPTION...]
string[] names = ["throughput", "lag", "many-jobs", "start", "idle", "spawning"];
switch (args.FirstOrDefault() ?? "all")
{
    case GuardProgram.Argument:
        return GuardProgram.Run();
    case "throughput":
        await Throughput.RunAsync(args[1..]);
        return 0;
    case "lag":
        await FireLag.RunAsync();
        return 0;
    case "many-jobs":
        await ManyJobs.RunAsync();
        return 0;
    case "start":
        await StartTimes.RunAsync();
        return 0;
    case "idle":
        await IdleNode.RunAsync();
        return 0;
    case "spawning":
        await Spawning.RunAsync(count: 2000);
        return 0;
    case "all":
        await Throughput.RunAsync([]);
        await FireLag.RunAsync();
        await ManyJobs.RunAsync();
        await StartTimes.RunAsync();
        await IdleNode.RunAsync();
        await Spawning.RunAsync(count: 2000);
        return 0;
    default:
        Console.Error.WriteLine($"There is no benchmark named '{args[0]}'. There are: {string.Join(", ", names)}, all.");
        return 2;
}
