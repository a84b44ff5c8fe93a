using System.Globalization;
using Dcron.Benchmarks;
using Dcron.Grains.Processes.Guarding;

// dotnet run -c Release --project Dcron.Benchmarks -- NAME [OPTION...]
string[] names = ["throughput", "lag", "many-jobs", "start", "idle", "spawning", "hot-paths", "containing", "failover", "chaos", "ledger", "seed", "console", "couchdb", "redaction"];
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
    case "containing":
        await Containing.RunAsync(count: 200);
        return 0;
    case "failover":
        await Failover.RunAsync(args[1..]);
        return 0;
    case "chaos":
        return await Chaos.RunAsync(args[1..]);
    case "ledger":
        await LedgerSize.RunAsync(args[1..]);
        return 0;
    case "hot-paths":
        await HotPaths.RunAsync();
        return 0;
    case "seed":
        await Seeding.RunAsync(int.Parse(args[1], CultureInfo.InvariantCulture), int.Parse(args[2], CultureInfo.InvariantCulture), args.ElementAtOrDefault(3) ?? "data");
        return 0;
    case "console":
        await ConsolePages.RunAsync(args.ElementAtOrDefault(1) ?? "data", args.ElementAtOrDefault(2) ?? "all");
        return 0;
    case "couchdb":
        await OnCouchDb.RunAsync(args[1..]);
        return 0;
    case "redaction":
        Redaction.Run();
        return 0;
    case "all":
        await Throughput.RunAsync([]);
        await FireLag.RunAsync();
        await ManyJobs.RunAsync();
        await StartTimes.RunAsync();
        await IdleNode.RunAsync();
        await Spawning.RunAsync(count: 2000);
        await HotPaths.RunAsync();
        await Containing.RunAsync(count: 200);
        Redaction.Run();
        return 0;
    default:
        Console.Error.WriteLine($"There is no benchmark named '{args[0]}'. There are: {string.Join(", ", names)}, all.");
        return 2;
}
