using Dcron.Api.Console.Editing;
using Dcron.Api.Console.Managing;
using Dcron.Api.Console.Reading;
using Dcron.Api.Console.SignIn;

namespace Dcron.Api.Console;

/// <summary>The console: pages for people over what the API is for programs.</summary>
internal static class ConsoleHosting
{
    public static void AddDcronConsole(this IServiceCollection services)
    {
        services.AddRazorComponents();
        services.AddSingleton<Sessions>();
        services.AddSingleton<StoredJobs>();
        services.AddSingleton<JobOwners>();
        services.AddSingleton<DayCounter>();
        services.AddSingleton<OverviewReader>();
        services.AddSingleton<JobsReader>();
        services.AddSingleton<JobReader>();
        services.AddSingleton<ExecutionReader>();
        services.AddSingleton<WorkersReader>();
        services.AddSingleton<JobEditor>();
        services.AddSingleton<Forecaster>();
    }

    public static void MapDcronConsole(this IEndpointRouteBuilder app)
    {
        ConsoleAssets.Map(app);
        SignInEndpoints.Map(app);
        ConsolePages.Map(app);
        ConsoleActions.Map(app);
        JobFormEndpoints.Map(app);
        BackfillPages.Map(app);
        KeyPages.Map(app);
        SecretPages.Map(app);
        AuditPages.Map(app);
    }
}
