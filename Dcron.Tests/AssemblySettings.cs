// Real processes, servers and ports: classes that need to be alone say so with a collection of their own.
[assembly: CollectionBehavior(DisableTestParallelization = false, MaxParallelThreads = 4)]
