using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using Dcron.Storage.Documents;
using Dcron.Storage.Documents.Sqlite;

namespace Dcron.Tests.Storage.Documents.Sqlite;

/// <summary>
/// A process of its own that writes documents for ever and prints each one that was acknowledged. This test assembly is that program too:
/// run by itself with the variable below, it writes instead of doing nothing.
/// </summary>
internal static class WritingProgram
{
    public const string Collection = "acknowledged";

    private const string DatabaseVariable = "DCRON_TEST_WRITE_TO";
    private const int Writers = 8;

    public static Process Start(string databasePath)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", ["exec", typeof(WritingProgram).Assembly.Location]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment[DatabaseVariable] = databasePath;
        return Process.Start(start)!;
    }

    [ModuleInitializer]
    [SuppressMessage("Usage", "CA2255:The 'ModuleInitializer' attribute should not be used in libraries", Justification = "a test assembly is run, not referenced")]
    internal static void RunIfAsked()
    {
        if (Environment.GetEnvironmentVariable(DatabaseVariable) is { } path)
        {
            // A thread that keeps the process alive: nothing else of this assembly runs before its initializer has returned.
            new Thread(() => WriteForEver(path).GetAwaiter().GetResult()).Start();
            new Thread(EndWithTheTests) { IsBackground = true }.Start();
        }
    }

    /// <summary>Standard input ends when the process that started this one does, however it ends.</summary>
    private static void EndWithTheTests()
    {
        while (Console.In.Read() >= 0)
        {
        }

        Environment.Exit(0);
    }

    private static async Task WriteForEver(string path)
    {
        await using var store = new SqliteDocumentStore(path, TimeSpan.FromSeconds(30));
        await store.EnsureCollectionAsync(new CollectionDefinition(Collection, [new IndexDefinition("by_writer", "writer")]));
        var output = TextWriter.Synchronized(Console.Out);
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(async () =>
        {
            for (var n = 0; ; n++)
            {
                var id = string.Create(CultureInfo.InvariantCulture, $"w{writer}-{Environment.ProcessId}-{n}");
                var created = (await store.WriteAsync(Collection, Json.Create(id, new { writer = $"w{writer}", n }))).Revision();
                var replaced = (await store.WriteAsync(Collection, new DocumentWrite.Replace(id, created, Json.Body(new { writer = $"w{writer}", n, again = true })))).Revision();
                await output.WriteLineAsync($"{id} {replaced}");
            }
        })));
    }
}
