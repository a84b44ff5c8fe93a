namespace Dcron.Storage.Documents;

/// <summary>
/// Says of the writes that a flow of calls makes that nobody waits for them: a store may then make them durable a little later (some tens of milliseconds),
/// together with others. What a write promises once it is answered stays the same.
/// </summary>
public static class PatientWrites
{
    private static readonly AsyncLocal<bool> On = new();

    internal static bool AreOn => On.Value;

    /// <summary>Holds for what is called until the returned scope is disposed of, whatever thread it runs on.</summary>
    public static IDisposable Begin()
    {
        On.Value = true;
        return Scope.Instance;
    }

    private sealed class Scope : IDisposable
    {
        public static readonly Scope Instance = new();

        public void Dispose() => On.Value = false;
    }
}
