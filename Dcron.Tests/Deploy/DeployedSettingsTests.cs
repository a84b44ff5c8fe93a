using Dcron.Api;
using Dcron.Grains;
using Dcron.Grains.Workers;
using Dcron.Silo;
using Dcron.Storage;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Dcron.Tests.Deploy;

/// <summary>Every setting in <c>deploy/</c> is one that the program has, and is found right by the checks of its start.</summary>
public sealed class DeployedSettingsTests
{
    private const string Prefix = "Dcron__";

    // What else the programs read from their environment.
    private static readonly HashSet<string> Others = ["ASPNETCORE_URLS", "ASPNETCORE_HTTP_PORTS", "DOTNET_EnableDiagnostics"];

    public static TheoryData<string> Configurations() => new(DeployFiles.NamesIn("configuration", "*.json"));

    [Theory]
    [MemberData(nameof(Configurations))]
    public void An_example_configuration_is_valid_together_with_the_secrets(string name)
    {
        var configuration = new ConfigurationBuilder()
            .AddJsonFile(DeployFiles.PathOf("configuration", name))
            .AddInMemoryCollection(Keys(DeployFiles.Environment("systemd", "dcron.env.example")))
            .Build();

        Check(configuration, isFrontEnd: false);
    }

    [Theory]
    [InlineData("silo-1", false)]
    [InlineData("silo-2", false)]
    [InlineData("silo-3", false)]
    [InlineData("front-end", true)]
    public void A_service_of_the_compose_file_is_configured_right(string service, bool isFrontEnd)
    {
        var compose = new DeserializerBuilder().Build().Deserialize<Dictionary<string, object>>(new MergingParser(new Parser(new StringReader(DeployFiles.Read("compose", "compose.yaml")))));
        var services = (Dictionary<object, object>)compose["services"];
        var given = (Dictionary<object, object>)((Dictionary<object, object>)services[service])["environment"];
        var values = DeployFiles.Environment("compose", "example.env");

        Check(Configuration(given.ToDictionary(pair => (string)pair.Key, pair => DeployFiles.Interpolate((string)pair.Value, values))), isFrontEnd);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_pod_is_configured_right(bool isFrontEnd)
    {
        var container = isFrontEnd ? KubernetesTests.Only<V1Deployment>().Spec.Template.Spec.Containers[0] : KubernetesTests.Only<V1StatefulSet>().Spec.Template.Spec.Containers[0];
        Dictionary<string, string> given = [];
        foreach (var source in container.EnvFrom)
        {
            var data = source.ConfigMapRef is not null ? KubernetesTests.Only<V1ConfigMap>().Data : KubernetesTests.Only<V1Secret>().StringData;
            foreach (var (key, value) in data)
            {
                given.Add(key, value);
            }
        }

        foreach (var variable in container.Env ?? [])
        {
            given.Add(variable.Name, variable.Value ?? (variable.ValueFrom.FieldRef.FieldPath == "status.podIP" ? "10.1.2.3" : throw new InvalidOperationException(variable.Name)));
        }

        Check(Configuration(given), isFrontEnd);
    }

    [Theory]
    [InlineData("containers", "Dockerfile")]
    [InlineData("systemd", "dcron.service")]
    [InlineData("systemd", "dcron-front-end.service")]
    public void What_is_set_beside_that_is_known_as_well(string folder, string name)
    {
        var assignments = DeployFiles.Read(folder, name).Split('\n')
            .Where(line => line.StartsWith("ENV ", StringComparison.Ordinal) || line.StartsWith("Environment=", StringComparison.Ordinal))
            .SelectMany(line => line[(line.IndexOfAny([' ', '=']) + 1)..].Split(' '))
            .Select(pair => pair.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

        Check(Configuration(assignments.Where(pair => !pair.Key.StartsWith("DOTNET_", StringComparison.Ordinal)).ToDictionary()), isFrontEnd: false);
        Assert.Contains(assignments, pair => pair.Key == "Dcron__DataPath");
    }

    [Fact]
    public void A_setting_that_the_program_does_not_have_is_noticed()
    {
        var configuration = Configuration(new Dictionary<string, string> { ["Dcron__Worker__Slotz"] = "4" });

        Assert.Contains("Slotz", Assert.Throws<InvalidOperationException>(() => Check(configuration, isFrontEnd: false)).Message, StringComparison.Ordinal);
    }

    private static IConfigurationRoot Configuration(Dictionary<string, string> environment)
    {
        Assert.All(environment.Keys, key => Assert.True(key.StartsWith(Prefix, StringComparison.Ordinal) || Others.Contains(key), key));
        return new ConfigurationBuilder().AddInMemoryCollection(Keys(environment)).Build();
    }

    private static IEnumerable<KeyValuePair<string, string?>> Keys(Dictionary<string, string> environment) => environment
        .Where(pair => pair.Key.StartsWith(Prefix, StringComparison.Ordinal))
        .Select(pair => KeyValuePair.Create(pair.Key.Replace("__", ":", StringComparison.Ordinal), (string?)pair.Value));

    private static void Check(IConfiguration configuration, bool isFrontEnd)
    {
        AssertKnown(configuration);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Configuration.AddConfiguration(configuration);
        builder.WebHost.UseKestrelCore();
        builder.AddDcronStorage();
        if (isFrontEnd)
        {
            builder.AddDcronRecords();
            builder.AddDcronClient();
        }
        else
        {
            builder.AddDcronSilo();
        }

        builder.AddDcronApi();
        using var services = builder.Services.BuildServiceProvider();
        services.GetRequiredService<IStartupValidator>().Validate();
    }

    // The binder says which key no property takes.
    private static void AssertKnown(IConfiguration configuration)
    {
        (string Section, Type Type)[] sections = [("Cluster", typeof(ClusterOptions)), ("Worker", typeof(WorkerOptions)), ("Api", typeof(ApiOptions))];
        foreach (var (section, type) in sections)
        {
            configuration.GetSection($"Dcron:{section}").Get(type, options => options.ErrorOnUnknownConfiguration = true);
        }

        var rest = configuration.GetSection("Dcron").AsEnumerable(makePathsRelative: true)
            .Where(pair => pair.Value is not null && !sections.Any(section => pair.Key.StartsWith(section.Section + ":", StringComparison.OrdinalIgnoreCase)));
        new ConfigurationBuilder().AddInMemoryCollection(rest).Build().Get<DcronStorageOptions>(options => options.ErrorOnUnknownConfiguration = true);
    }
}
