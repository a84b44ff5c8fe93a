using System.Text;

namespace Dcron.Grains.Scheduling;

/// <summary>
/// Chooses the values that <c>H</c> stands for, from a seed that is the job's id: the same job gets the same values for ever. Cronos'
/// own choice hangs on <see cref="Random"/>, whose numbers may change with the runtime and would move the fire times of stored jobs.
/// </summary>
/// <param name="Seed">The job's id.</param>
/// <param name="Round">0, or higher where the values before make an expression that never fires.</param>
internal readonly record struct CronHash(string Seed, int Round)
{
    /// <summary>A number from 0 to <paramref name="count"/> - 1. FNV-1a with a final mix; changing it moves the fire times of stored jobs.</summary>
    public int Choose(CronField field, int count)
    {
        var hash = 14695981039346656037UL;
        foreach (var value in Encoding.UTF8.GetBytes($"{Seed}\n{field.Name}\n{Round}"))
        {
            hash = (hash ^ value) * 1099511628211UL;
        }

        hash ^= hash >> 33;
        hash *= 0xff51afd7ed558ccdUL;
        hash ^= hash >> 33;
        return (int)(hash % (ulong)count);
    }
}
