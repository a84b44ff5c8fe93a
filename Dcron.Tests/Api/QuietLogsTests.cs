using Dcron.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dcron.Tests.Api;

public sealed class QuietLogsTests
{
    [Theory]
    [InlineData("Microsoft.AspNetCore.Hosting.Diagnostics", null, false)]
    [InlineData("Microsoft.Hosting.Lifetime", null, true)]
    [InlineData("Dcron.Grains.Leading", null, true)]
    [InlineData("Microsoft.AspNetCore.Hosting.Diagnostics", "Information", true)]
    public void Requests_are_not_logged_unless_that_is_asked_for(string category, string? configured, bool isLogged)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = Path.GetTempPath() });
        if (configured is not null)
            builder.Configuration.AddInMemoryCollection([KeyValuePair.Create("Logging:LogLevel:Microsoft", (string?)configured)]);
        builder.AddDcronApi();
        using var services = builder.Services.BuildServiceProvider();

        Assert.Equal(isLogged, services.GetRequiredService<ILoggerFactory>().CreateLogger(category).IsEnabled(LogLevel.Information));
    }
}
