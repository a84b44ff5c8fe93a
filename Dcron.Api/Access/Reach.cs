namespace Dcron.Api.Access;

/// <summary>
/// What a call says of namespaces. One with a job's or an execution's id in its address needs to say nothing: <see cref="NamespaceGuard"/> asks whose it is.
/// One that says nothing is for callers of all namespaces, so that nothing is shown by oversight.
/// </summary>
internal enum Reach
{
    /// <summary>It shows or changes the cluster as a whole.</summary>
    Cluster,

    /// <summary>It keeps to the caller's namespaces by itself.</summary>
    Filtered,

    /// <summary>It has nothing to do with namespaces.</summary>
    Anybody,
}

/// <summary>The same, as an endpoint bears it.</summary>
internal sealed record ReachOf(Reach Reach);
