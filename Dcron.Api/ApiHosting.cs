using Dcron.Api.Access;
using Dcron.Api.Executions;
using Dcron.Api.Health;
using Dcron.Api.Idempotency;
using Dcron.Api.Jobs;
using Dcron.Api.Json;
using Dcron.Api.Keys;
using Dcron.Api.Links;
using Dcron.Api.Metrics;
using Dcron.Api.OpenApi;
using Dcron.Api.Pages;
using Dcron.Api.Problems;
using Dcron.Api.Schedule;
using Dcron.Api.Scripts;
using Dcron.Api.Workers;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Dashboard;

namespace Dcron.Api;

/// <summary>The HTTP API of a node or of a front-end.</summary>
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
        services.AddOptions<ApiOptions>().BindConfiguration(ApiOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ApiOptions>, ApiOptionsValidator>();
        if (!IsEnabled(builder.Configuration))
        {
            services.Replace(ServiceDescriptor.Singleton<IServer, NoServer>());
            return builder;
        }

        if (Binding.Configured(builder.Configuration).Count == 0)
            builder.Configuration["urls"] = Binding.Default;

        services.TryAddSingleton(TimeProvider.System);
        services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
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
        services.AddSingleton<JobChecks>();
        services.AddSingleton<JobListing>();
        services.AddSingleton<ExecutionFinder>();
        services.AddSingleton<Logs>();
        services.AddSingleton<LogFollower>();
        services.AddSingleton<Readiness>();
        return builder;
    }

    /// <summary>The pipeline and the endpoints; nothing where the API is switched off.</summary>
    public static WebApplication MapDcronApi(this WebApplication app)
    {
        if (!IsEnabled(app.Configuration))
            return app;

        app.Use(SecurityHeaders.Add);
        app.UseMiddleware<ProblemMiddleware>();
        app.UseMiddleware<BrowserGuard>();
        app.UseRouting();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseMiddleware<IdempotencyMiddleware>();

        var api = app.MapGroup(ApiPaths.Root);
        JobEndpoints.Map(api);
        JobListEndpoints.Map(api);
        ExecutionEndpoints.Map(api);
        LogEndpoint.Map(api);
        ScriptEndpoints.Map(api);
        LinkEndpoints.Map(api);
        WorkerEndpoints.Map(api);
        ScheduleEndpoints.Map(api);
        KeyEndpoints.Map(api);
        HealthEndpoints.Map(app);
        MetricsEndpoint.Map(app);
        StartPage.Map(app);
        app.MapOpenApi().RequireAuthorization(Words.Of(Role.Viewer));
        app.MapOrleansDashboard("/dashboard").RequireAuthorization(Words.Of(Role.Admin)).ExcludeFromDescription();
        return app;
    }

    private static void AddAccess(IServiceCollection services)
    {
        services.AddSingleton<ApiKeys>();
        services.AddSingleton<KeyPolicy>();
        services.AddHostedService<ListeningCheck>();
        services.AddAuthentication(Caller.Scheme).AddScheme<AuthenticationSchemeOptions, KeyAuthentication>(Caller.Scheme, null);
        var authorization = services.AddAuthorizationBuilder();
        foreach (var role in Enum.GetValues<Role>())
            authorization.AddPolicy(Words.Of(role), policy => policy.RequireAssertion(context => Caller.RoleOf(context.User) >= role));

        // What says nothing of who may call it is for readers: nothing is open by oversight.
        authorization.SetFallbackPolicy(new AuthorizationPolicyBuilder().RequireAssertion(context => Caller.RoleOf(context.User) >= Role.Viewer).Build());
    }

    private static bool IsEnabled(IConfiguration configuration) => configuration.GetValue($"{ApiOptions.Section}:{nameof(ApiOptions.Enabled)}", true);
}
