using Orleans.Runtime;
using Orleans.Storage;
using Dcron.Storage.Documents;

namespace Dcron.Grains.Jobs;

/// <summary>
/// A job's stored document: every change is a decision on what is stored now, saved in one write. A refused write means
/// that somebody else wrote: the document is read again and the decision taken anew, never repeated as it was.
/// </summary>
internal sealed class JobState(IPersistentState<JobDocument> document, JobNames names, JobVersions versions)
{
    /// <summary>Name of the Orleans storage provider that keeps jobs.</summary>
    public const string Provider = "documents";

    // More losses in a row than this are no race but a fault.
    private const int MostAttempts = 8;

    private bool _unsure;

    /// <summary>The document as last read or written; null when there is none.</summary>
    public JobDocument? Job => document.RecordExists ? document.State : null;

    /// <summary>The copy in hand may be old: the next <see cref="LoadAsync"/> reads it again.</summary>
    public void Doubt() => _unsure = true;

    /// <summary>The document, read again first if a write's outcome is unknown.</summary>
    public async Task<JobDocument?> LoadAsync()
    {
        if (_unsure)
        {
            await ReloadAsync();
        }

        return Job;
    }

    /// <summary>True for a job that was there once and is gone.</summary>
    public Task<bool> WasDeletedAsync(JobId jobId) => Reaching(async () => await versions.AreClosedAsync(jobId));

    /// <summary>Reserves the name, stores the first version, then the job.</summary>
    /// <returns>The job that has the name already; null when this one was created.</returns>
    public async Task<JobId?> CreateAsync(JobDocument created)
    {
        created = JobVersions.WithToken(created);
        return await Reaching(async () =>
        {
            if (created.Spec.Name is { } name && await names.ReserveAsync(created.Spec.Namespace, name, created.JobId) is { } holder)
            {
                return holder;
            }

            await versions.SaveAsync(created, previous: null);
            await TryWrite(created); // a refusal means that the same message was carried out by another activation
            return (JobId?)null;
        });
    }

    /// <summary>Saves what is decided on the current document; nothing is written when it is answered unchanged.</summary>
    /// <returns>The document as it is then; null when the job is gone.</returns>
    public async Task<JobDocument?> SaveAsync(Func<JobDocument, JobDocument> decide)
    {
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            if (await LoadAsync() is not { } current)
            {
                return null;
            }

            var decided = decide(current);
            if (ReferenceEquals(decided, current) || await TryWrite(decided))
            {
                return decided;
            }
        }

        throw new StoreUnavailableException("The job is being changed by somebody else all the time. Try again.");
    }

    /// <summary>The same for a change that may bring a new version of the spec, and a new name.</summary>
    public async Task<(JobDocument? Job, JobId? NameHolder)> ChangeSpecAsync(Func<JobDocument, JobDocument> decide)
    {
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            if (await LoadAsync() is not { } current)
            {
                return (null, null);
            }

            var decided = decide(current);
            if (ReferenceEquals(decided, current))
            {
                return (decided, null);
            }

            decided = decided.Version == current.Version ? decided : JobVersions.WithToken(decided);
            var renamed = decided.Spec.Name != current.Spec.Name;
            var holder = await Reaching(async () =>
            {
                if (renamed && decided.Spec.Name is { } name && await names.ReserveAsync(decided.Spec.Namespace, name, decided.JobId) is { } other)
                {
                    return other;
                }

                if (decided.Version != current.Version)
                {
                    await versions.SaveAsync(decided, current.VersionToken);
                }

                return (JobId?)null;
            });
            if (holder is not null)
            {
                return (null, holder);
            }

            if (await TryWrite(decided))
            {
                if (renamed && current.Spec.Name is { } old)
                {
                    await Reaching(async () => await names.ReleaseAsync(current.Spec.Namespace, old, current.JobId));
                }

                return (decided, null);
            }
        }

        throw new StoreUnavailableException("The job is being changed by somebody else all the time. Try again.");
    }

    /// <summary>Removes the document and gives the name back.</summary>
    public async Task ClearAsync()
    {
        var job = Job!;
        await Reaching(async () =>
        {
            if (job.Spec.Name is { } name)
            {
                await names.ReleaseAsync(job.Spec.Namespace, name, job.JobId);
            }

            await versions.CloseAsync(job);
            try
            {
                await document.ClearStateAsync();
            }
            catch (InconsistentStateException)
            {
                await ReloadAsync();
            }
        });
    }

    private async Task<bool> TryWrite(JobDocument decided)
    {
        try
        {
            document.State = decided;
            await Reaching(document.WriteStateAsync);
            return true;
        }
        catch (InconsistentStateException)
        {
            await ReloadAsync();
            return false;
        }
    }

    private async Task ReloadAsync()
    {
        await Reaching(document.ReadStateAsync);
        _unsure = false;
    }

    private async Task Reaching(Func<Task> act) => await Reaching(async () =>
    {
        await act();
        return true;
    });

    // Orleans wraps what a storage provider throws, but for its own InconsistentStateException.
    private async Task<T> Reaching<T>(Func<Task<T>> act)
    {
        try
        {
            return await act();
        }
        catch (InconsistentStateException)
        {
            _unsure = true;
            throw;
        }
        catch (Exception exception) when (exception is DocumentStoreUnavailableException || exception.InnerException is DocumentStoreUnavailableException)
        {
            _unsure = true;
            throw new StoreUnavailableException((exception as DocumentStoreUnavailableException ?? exception.InnerException!).Message);
        }
    }
}

/// <summary>Gives each job grain its state.</summary>
internal sealed class JobStateFactory(JobNames names, JobVersions versions)
{
    public JobState Of(IPersistentState<JobDocument> document) => new(document, names, versions);
}
