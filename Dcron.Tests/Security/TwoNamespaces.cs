using System.Text.Json.Nodes;
using Dcron.Tests.Api;

namespace Dcron.Tests.Security;

/// <summary>A node that asks for keys, with a job and a secret in each of two namespaces, and keys of every role: for all, and limited to one of them.</summary>
public sealed class TwoNamespaces : IAsyncLifetime
{
    public const string Mine = "red";
    public const string Theirs = "blue";
    public static readonly string[] Roles = ["viewer", "operator", "admin"];

    private readonly Dictionary<string, string> _keys = new(StringComparer.Ordinal);

    public ApiNode Node { get; private set; } = null!;

    /// <summary>A job of the other namespace, and an execution of it that is over.</summary>
    public string TheirJob { get; private set; } = "";

    public string TheirExecution { get; private set; } = "";

    public async Task InitializeAsync()
    {
        // Without a limit on calls: one that is refused for its rate is not looked at.
        Node = await ApiNode.StartAsync("--Dcron:Api:RequireKey", "true", "--Dcron:Api:AdminKey", KeyedNode.AdminKey, "--Dcron:Api:RateLimit:PerSecond", "0");
        using var admin = Admin();
        foreach (var role in Roles)
        {
            _keys[role] = (string)(await admin.PostAsync("keys", new { name = role, role })).Ok(201).Json["key"]!;
            _keys[$"{role} of {Mine}"] = (string)(await admin.PostAsync("keys", new { name = $"{role} of {Mine}", role, namespaces = new[] { Mine } })).Ok(201).Json["key"]!;
        }

        foreach (var name in new[] { Mine, Theirs })
            (await admin.PutAsync($"secrets/token?namespace={name}", new { value = $"the token of {name}" })).Ok(201);
        TheirJob = await NewJobAsync(Theirs);
        TheirExecution = (string)(await admin.PostAsync($"jobs/{TheirJob}/run")).Ok(202).Json["execution_id"]!;
        await admin.UntilAsync($"executions/{Uri.EscapeDataString(TheirExecution)}", reply => (string?)reply.Json["execution_result"] == "succeeded");
    }

    public async Task DisposeAsync() => await Node.DisposeAsync();

    internal ApiClient Admin() => Node.Client(KeyedNode.AdminKey);

    /// <param name="who">Such as <c>viewer</c> or <c>viewer of red</c>.</param>
    internal ApiClient As(string who) => Node.Client(_keys[who]);

    internal async Task<string> NewJobAsync(string inNamespace)
    {
        using var admin = Admin();
        return (string)(await admin.CreateAsync("print('ran')", new JsonObject { ["namespace"] = inNamespace }))["job_id"]!;
    }
}
