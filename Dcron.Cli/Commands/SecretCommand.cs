using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Dcron.Cli.Api;
using Dcron.Cli.Output;

namespace Dcron.Cli.Commands;

/// <summary><c>dcron secret …</c>: what scripts get and nobody is shown.</summary>
internal static class SecretCommand
{
    private const int MostBytes = 32 * 1024;

    public static Command Create(CommandTree tree) => new("secret", "Set, list and delete secrets. Their values are never shown; jobs ask for them by name.")
    {
        Set(tree),
        List(tree),
        Delete(tree),
        Reseal(tree),
    };

    private static ExampleCommand Set(CommandTree tree)
    {
        var file = new Option<string?>("--file") { Description = "Read the value from this file, as it is. Without it: from stdin, without its last line break.", HelpName = "FILE" };
        var name = Name();
        var command = new ExampleCommand("set", "Set a secret's value. Launches from now on get it.",
            "dcron secret set db-password < password.txt",
            "dcron secret set tls.key --file server.key --namespace payments")
        {
            name, file,
        };
        return tree.On(command, async (context, cancel) =>
        {
            byte[] value;
            try
            {
                value = context.Get(file) is { } path ? await ReadAsync(File.OpenRead(path), cancel) : WithoutLineBreak(await ReadAsync(context.Shell.Input, cancel));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return context.Misused($"The value can't be read: {e.Message}");
            }

            if (value.Length > MostBytes)
                return context.Misused("The value is longer than 32 KiB, the most that a secret may have.");

            var body = new JsonObject { ["value_base64"] = Convert.ToBase64String(value) }.ToJsonString();
            var call = new Call(HttpMethod.Put, PathOf(context, name)) { Content = () => new StringContent(body, Encoding.UTF8, "application/json") };
            return await context.AnswerAsync(call, ApiJson.Default.SecretBody, secret =>
                context.Printer.Line(string.Create(CultureInfo.InvariantCulture, $"Secret {secret.Name} of namespace {secret.Namespace} is set (version {secret.Version}).")), cancel);
        });
    }

    private static ExampleCommand List(CommandTree tree) =>
        tree.On(new ExampleCommand("list", "List the secrets; never their values.", "dcron secret list"), (context, cancel) =>
            context.AnswerAsync(Call.Get($"secrets{context.NamespaceQuery('?')}"), ApiJson.Default.ListSecretBody, secrets =>
            {
                var table = new Table("SECRET", "NAMESPACE", "VERSION", "SET", "BY", "SEALED WITH");
                foreach (var secret in secrets)
                {
                    table.Add(secret.Name, secret.Namespace, secret.Version.ToString(CultureInfo.InvariantCulture), Shown.Time(secret.UpdatedAt),
                        Shown.OrNothing(secret.UpdatedBy), secret.KeyId);
                }

                context.Printer.Table(table);
            }, cancel));

    private static ExampleCommand Delete(CommandTree tree)
    {
        var name = Name();
        return tree.On(new ExampleCommand("delete", "Delete a secret. Launches that ask for it fail from now on.", "dcron secret delete db-password") { name }, async (context, cancel) =>
        {
            switch (await context.Api.SendAsync(Call.Delete(PathOf(context, name)), cancel))
            {
                case Answer.Ok:
                case Answer.Refused { Status: 404, Repeated: true }: // the try whose answer was lost has deleted it
                    if (!context.Json)
                        context.Printer.Line($"Secret {context.Get(name)} is deleted.");
                    return ExitCodes.Succeeded;
                case var failure:
                    return context.Fail(failure);
            }
        });
    }

    private static ExampleCommand Reseal(CommandTree tree) =>
        tree.On(new ExampleCommand("reseal", "Seal every secret with the first key of Dcron:Secrets, so that older keys can be taken away.", "dcron secret reseal"), async (context, cancel) =>
        {
            var whole = true;
            var code = await context.AnswerAsync(Call.Post("secrets/reseal"), ApiJson.Default.ResealBody, result =>
            {
                context.Printer.Line(string.Create(CultureInfo.InvariantCulture, $"{result.Resealed} secrets were sealed anew."));
                foreach (var secret in result.Unreadable)
                    context.Printer.Note($"{secret} can't be opened with any key of the server; set it again.");
                whole = result.Unreadable.Count == 0;
            }, cancel);
            return code == ExitCodes.Succeeded && !whole ? ExitCodes.Failed : code;
        });

    private static Argument<string> Name() => new("NAME") { Description = "The secret's name." };

    private static string PathOf(CommandContext context, Argument<string> name) => $"secrets/{Uri.EscapeDataString(context.Get(name))}{context.NamespaceQuery('?')}";

    private static async Task<byte[]> ReadAsync(Stream from, CancellationToken cancel)
    {
        await using (from)
        {
            using var bytes = new MemoryStream();
            var buffer = new byte[4096];
            for (int read; bytes.Length <= MostBytes && (read = await from.ReadAsync(buffer, cancel)) > 0;)
                bytes.Write(buffer, 0, read);
            return bytes.ToArray();
        }
    }

    // `echo` adds one that nobody means.
    private static byte[] WithoutLineBreak(byte[] value) =>
        value is [.., (byte)'\r', (byte)'\n'] ? value[..^2] : value is [.., (byte)'\n'] ? value[..^1] : value;
}
