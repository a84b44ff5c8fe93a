using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Storage.Documents;

namespace Dcron.Tests.Simulation;

/// <summary>What goes wrong by itself, until it is told to stop; and one rule of dcron that is broken on purpose.</summary>
internal sealed class Faults(Mutant mutant)
{
    public bool AreOver { get; set; }

    public Mutant Mutant { get; } = mutant;

    public Onlooker Onlooker { get; } = new();

    /// <summary>The database is out of reach for everybody.</summary>
    public bool IsDatabaseAway { get; set; }

    public StoreFault OfStore(World world) => AreOver ? StoreFault.None
        : IsDatabaseAway ? (world.Chance(0.9) ? StoreFault.NeverHappens : StoreFault.AnswerLost)
        : world.Chance(0.985) ? StoreFault.None
        : (StoreFault)(1 + world.Draw(3));

    public bool ObjectStoreFails(World world) => !AreOver && world.Chance(0.015);

    public TimeSpan Latency(World world) => !AreOver && world.Chance(0.01) ? world.Between(0, 4_000) : world.Between(0, 8);

    public bool LosesMessage(World world) => !AreOver && world.Chance(0.015);

    public bool RepeatsMessage(World world) => !AreOver && world.Chance(0.01);

    /// <summary>How long a script takes if nobody ends it.</summary>
    public TimeSpan RunTime(World world) => world.Chance(AreOver ? 0.08 : 0.1) ? world.Between(15_000, 45_000)
        : AreOver || world.Chance(0.8) ? world.Between(20, 900)
        : world.Between(900, 15_000);

    public ValueTask<WriteResult> WriteAsync(MemoryDatabase database, string collection, DocumentWrite write)
    {
        var before = database.Find(collection, write.Id);
        var result = collection.StartsWith(JobCollections.ExecutionsPrefix, StringComparison.Ordinal) ? WriteExecution(database, collection, write, before)
            : Mutant == Mutant.DropsWithoutHorizon && write.Id == "horizon" ? new(new WriteResult.Written("0"))
            : Mutant == Mutant.ForgetsDeletions && write.Id.EndsWith("@end", StringComparison.Ordinal) ? new(new WriteResult.Written("0"))
            : database.WriteAsync(collection, write);
        Onlooker.Saw(collection, write.Id, before, database.Find(collection, write.Id));
        return result;
    }

    public ValueTask<bool> DropAsync(MemoryDatabase database, string collection)
    {
        Onlooker.Dropped.Add(collection);
        return database.DropCollectionAsync(collection);
    }

    private ValueTask<WriteResult> WriteExecution(MemoryDatabase database, string collection, DocumentWrite write, Document? stored) =>
        (Mutant, write) switch
        {
            (Mutant.ClaimsAreNotExclusive, DocumentWrite.Create create) when stored is not null => database.WriteAsync(collection, new DocumentWrite.Replace(create.Id, stored.Revision, create.Body)),
            (Mutant.StartsAfterConflict, DocumentWrite.Create) when stored is not null => new(new WriteResult.Written(stored.Revision)),
            (Mutant.FinishesWithoutRevision, DocumentWrite.Replace replace) when stored is not null => database.WriteAsync(collection, new DocumentWrite.Replace(replace.Id, stored.Revision, replace.Body)),
            _ => database.WriteAsync(collection, write),
        };
}
