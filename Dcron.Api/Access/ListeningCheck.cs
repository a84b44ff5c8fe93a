using Dcron.Api.Keys;
using Dcron.Storage.Documents;
using Microsoft.Extensions.Options;

namespace Dcron.Api.Access;

/// <summary>Keeps a node from listening openly without a key: before it listens, and again when it is known what it listens on.</summary>
internal sealed partial class ListeningCheck(
    KeyPolicy policy,
    ApiKeys keys,
    IOptions<ApiOptions> options,
    IHostApplicationLifetime lifetime,
    ILogger<ListeningCheck> logger) : IHostedLifecycleService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        if (await RefusalAsync(cancellationToken) is { } refusal)
            throw new OptionsValidationException(ApiOptions.Section, typeof(ApiOptions), [refusal]);
    }

    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        // Addresses that code added, rather than configuration, are known only now.
        if (await RefusalAsync(cancellationToken) is not { } refusal)
            return;

        policy.RequireEverywhere();
        Refused(logger, refusal);
        lifetime.StopApplication();
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task<string?> RefusalAsync(CancellationToken cancellationToken)
    {
        var open = policy.OpenAddresses();
        if (open.Count > 0 && options.Value.RequireKey == false)
        {
            return $"Dcron:Api:RequireKey is false, but {string.Join(" and ", open)} can be reached by other machines, where anybody could run scripts on this one. "
                + $"Leave RequireKey out and set Dcron:Api:AdminKey, or listen on this machine only (--urls {Binding.Default}).";
        }

        if (open.Count > 0)
            policy.RequireEverywhere();
        if (!policy.RequiredEverywhere || options.Value.AdminKey is not null || options.Value.Oidc.IsOn || await AnyStoredAsync(cancellationToken))
            return null;

        var why = open.Count > 0 ? $"{string.Join(" and ", open)} can be reached by other machines" : "Dcron:Api:RequireKey is true";
        return $"{why}, and there is no key yet that calls could come with. Set Dcron:Api:AdminKey (in the environment: Dcron__Api__AdminKey) to at least "
            + $"{ApiOptionsValidator.ShortestAdminKey} random characters, for example to what `openssl rand -hex 32` prints, or listen on this machine only (--urls {Binding.Default}).";
    }

    private async Task<bool> AnyStoredAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await keys.AnyAdminAsync(cancellationToken).AsTask().WaitAsync(Patience, cancellationToken);
        }
        catch (Exception e) when (e is DocumentStoreUnavailableException or TimeoutException)
        {
            // Nobody gets in while the store is away, so nothing is open: no reason to keep a restarting node down.
            Unknown(logger, e.Message);
            return true;
        }
    }

    [LoggerMessage(LogLevel.Critical, "{Refusal}")]
    private static partial void Refused(ILogger logger, string refusal);

    [LoggerMessage(LogLevel.Warning, "Whether there is a stored API key is not known yet: {Reason}")]
    private static partial void Unknown(ILogger logger, string reason);
}
