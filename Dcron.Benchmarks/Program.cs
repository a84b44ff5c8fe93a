using System.Globalization;
using Dcron.Benchmarks;
using Dcron.Grains.Processes.Guarding;

switch (args)
{
    case [GuardProgram.Argument]:
        return GuardProgram.Run();
    case ["spawning", .. var rest]:
        await Spawning.RunAsync(rest is [var count] ? int.Parse(count, CultureInfo.InvariantCulture) : 2000);
        return 0;
    default:
        Console.Error.WriteLine("usage: Dcron.Benchmarks spawning [COUNT]");
        return 2;
}
