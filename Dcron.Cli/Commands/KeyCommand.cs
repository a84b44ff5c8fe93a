using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using Dcron.Cli.Api;
using Dcron.Cli.Input;
using Dcron.Cli.Output;

namespace Dcron.Cli.Commands;

/// <summary><c>dcron key …</c>: who may do what.</summary>
internal static class KeyCommand
{
    private static readonly string[] Roles = ["viewer", "operator", "admin"];

    public static Command Create(CommandTree tree) => new("key", "Create, list and revoke API keys. Takes an admin's key.")
    {
        CreateKey(tree),
        List(tree),
        Revoke(tree),
    };

    private static ExampleCommand CreateKey(CommandTree tree)
    {
        var role = new Option<string>("--role")
        {
            Description = "viewer reads; operator also changes jobs, uploads, runs and cancels; admin also hands out keys and drains workers.",
            HelpName = string.Join('|', Roles),
            Required = true,
        };
        role.AcceptOnlyFromAmong(Roles);
        var namespaces = new Option<string[]?>("--limit-to")
        {
            Description = "A namespace that the key is limited to; may be repeated. Without it: all that your own key may.",
            HelpName = "NAMESPACE",
        };
        var expires = new Option<DateTimeOffset?>("--expires")
        {
            Description = "When it stops to count: a span from now such as 90d, or an instant such as 2027-01-01. Without it: never.",
            HelpName = "SPAN|INSTANT",
            CustomParser = Parsers.InstantAhead(tree.Time),
        };
        var name = new Argument<string>("NAME") { Description = "Whose key it is; for people." };
        var command = new ExampleCommand("create", "Create an API key. It is shown this once: the server keeps only its hash.",
            "dcron key create --role operator deploy-pipeline",
            "dcron key create --role operator --limit-to payments --expires 90d payments-ci",
            "export DCRON_KEY=$(dcron key create --role viewer grafana --json | jq -r .key)")
        {
            role, name, namespaces, expires,
        };
        return tree.On(command, (context, cancel) =>
        {
            var fields = new JsonObject { ["name"] = context.Get(name), ["role"] = context.Get(role) };
            if (context.Get(namespaces) is { Length: > 0 } limits)
                fields["namespaces"] = new JsonArray([.. limits.Select(limit => (JsonNode)limit)]);
            if (context.Get(expires) is { } end)
                fields["expires_at"] = Instants.ToWire(end);
            var body = fields.ToJsonString();
            var call = Call.Post("keys", () => new StringContent(body, Encoding.UTF8, "application/json"));
            return context.AnswerAsync(call, ApiJson.Default.KeyBody, key =>
            {
                context.Printer.Line(key.Key ?? "");
                context.Printer.Note($"Key {key.KeyId} ({key.Role}) for {key.Name}. Store it now: it is never shown again.");
            }, cancel);
        });
    }

    private static ExampleCommand List(CommandTree tree) =>
        tree.On(new ExampleCommand("list", "List the keys that are valid; never the keys themselves.", "dcron key list"), (context, cancel) =>
            context.AnswerAsync(Call.Get("keys"), ApiJson.Default.ListKeyBody, keys =>
            {
                var table = new Table("KEY", "NAME", "ROLE", "NAMESPACES", "CREATED", "EXPIRES", "LAST USED");
                foreach (var key in keys)
                    table.Add(key.KeyId, key.Name, key.Role, string.Join(' ', key.Namespaces), Shown.Time(key.CreatedAt), Shown.Time(key.ExpiresAt), Shown.Time(key.LastUsedAt));
                context.Printer.Table(table);
            }, cancel));

    private static ExampleCommand Revoke(CommandTree tree)
    {
        var id = new Argument<string>("KEY") { Description = "A key's id, as 'dcron key list' shows it." };
        return tree.On(new ExampleCommand("revoke", "Make a key invalid.", "dcron key revoke 01m84gbhteyky3qa8qqv") { id }, async (context, cancel) =>
        {
            switch (await context.Api.SendAsync(Call.Delete($"keys/{Uri.EscapeDataString(context.Get(id))}"), cancel))
            {
                case Answer.Ok:
                case Answer.Refused { Status: 404, Repeated: true }: // the try whose answer was lost has revoked it
                    if (!context.Json)
                        context.Printer.Line($"Key {context.Get(id)} is revoked.");
                    return ExitCodes.Succeeded;
                case var failure:
                    return context.Fail(failure);
            }
        });
    }
}
