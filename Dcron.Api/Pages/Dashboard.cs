using Dcron.Api.Access;
using Dcron.Api.Json;
using Dcron.Grains.Cluster;
using Orleans.Dashboard;
using Orleans.Runtime;

namespace Dcron.Api.Pages;

/// <summary>The Orleans dashboard, made when somebody first looks at it.</summary>
/// <remarks>
/// Mapping it reads, compresses and keeps all of its pages and pictures: 17 MB become 60 MB of memory and a good part of a second at the start of each node. What
/// it shows of silos is collected by each of them from then on, which costs every message something.
/// </remarks>
internal static class Dashboard
{
    private const string Prefix = "/dashboard";

    public static void Map(WebApplication app)
    {
        var dashboard = new Lazy<RequestDelegate>(() => Build(app.Services));
        app.Map(Prefix + "/{**rest}", context =>
            {
                context.SetEndpoint(null); // this one has done its part: whoever comes here is allowed to
                if (context.Request.Path.Value is Prefix + "/")
                    StartSilosAsync(app.Services.GetRequiredService<IGrainFactory>()).Ignore(); // one that does not answer shows no counters

                return dashboard.Value(context);
            })
            .RequireAuthorization(Words.Of(Role.Admin))
            .ExcludeFromDescription();
    }

    private static async Task StartSilosAsync(IGrainFactory grains)
    {
        var silos = await grains.GetGrain<IManagementGrain>(0).GetHosts(onlyActive: true);
        await Task.WhenAll(silos.Keys.Select(silo => grains.GetGrain<IDashboardStarterGrain>(silo.ToParsableString()).Start()));
    }

    private static RequestDelegate Build(IServiceProvider services)
    {
        var branch = new ApplicationBuilder(services);
        branch.UseRouting();
        branch.UseEndpoints(endpoints => endpoints.MapOrleansDashboard(Prefix).ExcludeFromDescription());
        return branch.Build();
    }
}
