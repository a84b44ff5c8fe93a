using System.Text.Json;
using System.Xml.Linq;

namespace Dcron.Tests.Deploy;

/// <summary>Container and compose files, judged by dockerfile-utils (npm) and docker-compose. No image is built here: that needs a Docker engine and a registry.</summary>
public sealed class ContainerTests
{
    private const string Compose = "compose.yaml";

    [SkippableFact]
    public async Task The_container_file_is_valid()
    {
        var linter = Environment.GetEnvironmentVariable("DCRON_TEST_DOCKERFILE_UTILS") ?? "";
        DeployFiles.Needs(File.Exists(linter), "it needs dockerfile-utils: 'npm install dockerfile-utils@0.16.3', and DCRON_TEST_DOCKERFILE_UTILS naming node_modules/.bin/dockerfile-utils; ./test.sh does both");

        Assert.Equal("", await DeployFiles.FaultsAsync(linter, "lint", DeployFiles.PathOf("containers", "Dockerfile")));
    }

    [SkippableFact]
    public async Task The_compose_file_is_valid()
    {
        var (program, first) = await PluginAsync() ? ("docker", (string[])["compose"]) : (DeployFiles.Find("docker-compose"), []);
        DeployFiles.Needs(program is not null, "it needs docker compose; on Debian 'sudo apt-get install docker-compose' brings it, and no engine is needed");

        Assert.Equal("", await DeployFiles.FaultsAsync(
            program!, [.. first, "--env-file", DeployFiles.PathOf("compose", "example.env"), "-f", DeployFiles.PathOf("compose", Compose), "config", "-q"]));
    }

    [Fact]
    public void What_is_restored_in_the_image_is_what_the_projects_need()
    {
        var copied = DeployFiles.Read("containers", "Dockerfile").Split('\n');
        foreach (var project in Closure("Dcron.Silo").Concat(Closure("Dcron.Cli")).Distinct())
        {
            Assert.Contains($"COPY {project}/{project}.csproj {project}/packages.lock.json {project}/", copied);
            Assert.Contains($"!{project}", DeployFiles.Read("containers", "Dockerfile.dockerignore").Split('\n'));
        }
    }

    // What stands in appsettings.json wins over ASPNETCORE_URLS.
    [Fact]
    public void The_node_listens_where_the_environment_says()
    {
        using var settings = JsonDocument.Parse(File.ReadAllText(Path.Join(Repository.Root, "Dcron.Silo", "appsettings.json")));

        Assert.DoesNotContain(settings.RootElement.EnumerateObject(), setting => setting.Name is "Urls" or "Kestrel" or "Http_Ports");
        Assert.Contains("ASPNETCORE_URLS=", DeployFiles.Read("containers", "Dockerfile"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_servers_do_not_run_as_root_and_answer_for_their_health()
    {
        var stages = DeployFiles.Read("containers", "Dockerfile").Split("\nFROM ").Skip(1).ToDictionary(stage => stage.Split('\n')[0].Split(' ')[^1]);

        foreach (var name in new[] { "silo", "front-end", "cli" })
        {
            var lines = stages[name].Split('\n');
            Assert.Contains("USER app", lines);
            Assert.True(Array.IndexOf(lines, "USER app") > Array.FindLastIndex(lines, line => line.StartsWith("RUN", StringComparison.Ordinal)), name);
        }

        Assert.Contains("HEALTHCHECK", stages["server"], StringComparison.Ordinal);
        Assert.Contains("/healthz/live", stages["server"], StringComparison.Ordinal);
    }

    // CouchDB's image hands all of /opt/couchdb to its user when it starts, and ends without a word where something there can't be.
    [Theory]
    [InlineData("deploy/compose/compose.yaml")]
    [InlineData(".ci/services/couchdb.sh")]
    public void Nothing_lies_read_only_where_CouchDBs_image_takes_all_for_its_own(string file)
    {
        var text = File.ReadAllText(Path.Join(Repository.Root, file));

        Assert.DoesNotMatch(@":/opt/couchdb/[^\s""]*:ro\b", text);
        Assert.Matches(@"COUCHDB_INI_FILES[:=] ?[^""\n]*/default\.ini [^""\n]*/default\.d (?<mounted>/etc/[a-z]+\.ini) [^""\n]*/local\.ini [^""\n]*/local\.d[\s\S]*\.ini:\k<mounted>:ro\b", text);
    }

    [Fact]
    public void The_secrets_of_the_compose_file_are_nothing_that_git_would_take() =>
        Assert.Contains(".env", File.ReadAllLines(Path.Join(Repository.Root, ".gitignore")));

    private static async Task<bool> PluginAsync() => DeployFiles.Find("docker") is not null && await DeployFiles.FaultsAsync("docker", "compose", "version") == "";

    private static IEnumerable<string> Closure(string project) => XDocument.Load(Path.Join(Repository.Root, project, $"{project}.csproj"))
        .Descendants("ProjectReference")
        .SelectMany(reference => Closure(Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!)))
        .Append(project);
}
