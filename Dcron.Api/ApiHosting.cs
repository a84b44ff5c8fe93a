using Dcron.Api.Access;
using Dcron.Api.Audit;
using Dcron.Api.Console;
using Dcron.Api.Executions;
using Dcron.Api.Health;
using Dcron.Api.Idempotency;
using Dcron.Api.Jobs;
using Dcron.Api.Json;
using Dcron.Api.Keys;
using Dcron.Api.Ledger;
using Dcron.Api.Links;
using Dcron.Api.Metrics;
using Dcron.Api.OpenApi;
using Dcron.Api.Pages;
using Dcron.Api.Problems;
using Dcron.Api.Schedule;
using Dcron.Api.Scripts;
using Dcron.Api.Secrets;
using Dcron.Api.Workers;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Dcron.Api;

/// <summary>The HTTP API of a node or of a front-end, and its console.</summary>
public static class ApiHosting
{
    /// <summary>
    /// The services of the API. Comes after the storage, dcron's records and Orleans (silo or client, each with its dashboard).
    /// With <c>Dcron:Api:Enabled</c> false no port is opened.
    /// </summary>
    public static TBuilder AddDcronApi<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        QuietLogs.AddTo(builder.Configuration);
        var services = builder.Services;
        NoiseFilter.AddTo(services);
        services.AddOptions<ApiOptions>().BindConfiguration(ApiOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ApiOptions>, ApiOptionsValidator>();
        if (!IsEnabled(builder.Configuration))
        {
            services.Replace(ServiceDescriptor.Singleton<IServer, NoServer>());
            return builder;
        }

        if (Binding.Configured(builder.Configuration).Count == 0)
            builder.Configuration["urls"] = Binding.Default;

        StopOnFailure.Decorate(services);
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<ApiOptions>>((kestrel, api) =>
        {
            kestrel.AddServerHeader = false;
            var slow = api.Value.SlowClients;
            var rate = new MinDataRate(slow.BytesPerSecond, TimeSpan.FromSeconds(slow.GraceSeconds));
            (kestrel.Limits.MinRequestBodyDataRate, kestrel.Limits.MinResponseDataRate) = (rate, rate);
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(slow.HeaderSeconds);
            (kestrel.Limits.MaxConcurrentConnections, kestrel.Limits.MaxConcurrentUpgradedConnections) = (slow.Connections, slow.Connections);

            // Bodies are limited where they are read; a server that stopped reading at once would cut off clients that still send, before they see why.
            kestrel.Limits.MaxRequestBodySize = 4 * ScriptEndpoints.MaxBytes;
        });
        services.Configure<JsonOptions>(json =>
        {
            ApiJson.Configure(json.SerializerOptions);
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default);
            json.SerializerOptions.TypeInfoResolverChain.Insert(1, ProblemJson.Default);
        });
        AddAccess(services);
        services.AddDcronOpenApi();
        services.AddSingleton<IdempotencyStore>();
        services.AddOptions<AuditOptions>().BindConfiguration(AuditOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<AuditStore>();
        services.AddSingleton<JobChecks>();
        services.AddSingleton<JobListing>();
        services.AddSingleton<ExecutionFinder>();
        services.AddSingleton<ExecutionCanceller>();
        services.AddSingleton<Logs>();
        services.AddSingleton<LogFollower>();
        services.AddSingleton<LogScan>();
        services.AddSingleton<Readiness>();
        services.AddDcronConsole();
        return builder;
    }

    /// <summary>The pipeline and the endpoints; nothing where the API is switched off.</summary>
    public static WebApplication MapDcronApi(this WebApplication app)
    {
        if (!IsEnabled(app.Configuration))
            return app;

        TrustProxies(app);
        app.Use(SecurityHeaders.Add);
        app.UseMiddleware<ProblemMiddleware>();
        app.UseMiddleware<BrowserGuard>();
        app.UseMiddleware<Starting>();
        app.UseRouting();
        app.UseAuthentication();
        app.Use(app.Services.GetRequiredService<RateLimits>().InvokeAsync);
        app.UseAuthorization();
        app.UseMiddleware<NamespaceGuard>();
        app.Use(app.Services.GetRequiredService<OpenCalls>().InvokeAsync);
        app.UseMiddleware<IdempotencyMiddleware>();
        app.UseMiddleware<AuditMiddleware>();

        var api = app.MapGroup(ApiPaths.Root);
        JobEndpoints.Map(api);
        JobListEndpoints.Map(api);
        BackfillEndpoints.Map(api);
        ExecutionEndpoints.Map(api);
        RerunEndpoint.Map(api);
        LogEndpoint.Map(api);
        LogScanEndpoints.Map(api);
        ScriptEndpoints.Map(api);
        LinkEndpoints.Map(api);
        WorkerEndpoints.Map(api);
        ScheduleEndpoints.Map(api);
        LedgerEndpoints.Map(api);
        KeyEndpoints.Map(api);
        SecretEndpoints.Map(api);
        AuditEndpoints.Map(api);
        HealthEndpoints.Map(app);
        MetricsEndpoint.Map(app);
        app.MapDcronConsole();
        app.MapOpenApi().RequireAuthorization(Words.Of(Role.Viewer)).WithMetadata(new ReachOf(Reach.Anybody));
        Dashboard.Map(app);
        return app;
    }

    private static void AddAccess(IServiceCollection services)
    {
        services.AddSingleton<ApiKeys>();
        services.AddSingleton<KeyPolicy>();
        services.AddSingleton<SignInThrottle>();
        services.AddSingleton<JobNamespaces>();
        services.AddSingleton<OpenCalls>();
        services.AddHostedService(provider => provider.GetRequiredService<OpenCalls>());
        services.AddHostedService<ListeningCheck>();
        OidcSignIn.AddTo(services.AddAuthentication(Caller.Scheme).AddScheme<AuthenticationSchemeOptions, KeyAuthentication>(Caller.Scheme, null));
        services.AddSingleton<RateLimits>();
        var authorization = services.AddAuthorizationBuilder();
        foreach (var role in Enum.GetValues<Role>())
            authorization.AddPolicy(Words.Of(role), policy => policy.RequireAssertion(context => Caller.RoleOf(context.User) >= role));

        // What says nothing of who may call it is for readers: nothing is open by oversight.
        authorization.SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAssertion(context => Caller.RoleOf(context.User) >= Role.Viewer).Build());
    }

    private static void TrustProxies(WebApplication app)
    {
        var proxies = app.Services.GetRequiredService<IOptions<ApiOptions>>().Value.TrustedProxies;
        if (proxies.Count == 0)
            return;

        var forwarded = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto };
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
        foreach (var proxy in proxies)
            forwarded.KnownProxies.Add(System.Net.IPAddress.Parse(proxy));
        app.UseForwardedHeaders(forwarded);
    }

    private static bool IsEnabled(IConfiguration configuration) => configuration.GetValue($"{ApiOptions.Section}:{nameof(ApiOptions.Enabled)}", true);
}
