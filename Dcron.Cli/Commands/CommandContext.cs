using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dcron.Cli.Api;
using Dcron.Cli.Output;

namespace Dcron.Cli.Commands;

/// <summary>What a command works with.</summary>
internal sealed record CommandContext(ParseResult Parsed, Shell Shell, Printer Printer, ApiClient Api, bool Json)
{
    /// <summary>What followed <c>--</c>; null when there was none.</summary>
    public IReadOnlyList<string>? Trailing { get; init; }

    /// <summary>The namespace to work in as a query, beginning with <paramref name="before"/>; empty where none was named.</summary>
    public string NamespaceQuery(char before) => Api.NamespaceQuery(before);

    public T? Get<T>(Option<T> option) => Parsed.GetValue(option);

    public T Get<T>(Argument<T> argument) => Parsed.GetValue(argument)!;

    public bool Has(Option option) => Parsed.GetResult(option) is { Implicit: false };

    /// <summary>Shows why nothing came of it.</summary>
    /// <returns>The exit code.</returns>
    public int Fail(Answer failure)
    {
        switch (failure)
        {
            case Answer.Refused refused when Json && refused.Body.Length > 0 && refused.Body[0] == '{':
                Printer.ErrorJson(refused.Body);
                return ExitCodes.Failed;
            case Answer.Refused refused:
                var prefix = "dcron: ";
                foreach (var line in refused.Problem.Lines())
                {
                    Printer.ErrorLine(prefix + line);
                    prefix = "";
                }

                return ExitCodes.Failed;
            case Answer.OutOfReach away:
                Printer.Note($"{away.Server} is out of reach: {away.Reason.TrimEnd('.')}. Is a node running there? --server or DCRON_SERVER names another.");
                return ExitCodes.OutOfReach;
            case Answer.Untrusted other:
                Printer.Note($"{other.Server} could not prove that it is the server you mean: {other.Reason.TrimEnd('.')}. If its certificate is signed by an authority of your own, "
                    + "name that authority's file in SSL_CERT_FILE; the name in the address must be one that the certificate is for.");
                return ExitCodes.OutOfReach;
            default:
                throw new System.Diagnostics.UnreachableException($"{failure.GetType()}");
        }
    }

    /// <summary>Shows what is wrong with the command line.</summary>
    public int Misused(string sentence)
    {
        Printer.Note(sentence);
        return ExitCodes.Usage;
    }

    /// <summary>Makes the call and shows the answer: as it came for machines, by <paramref name="show"/> for people.</summary>
    public async Task<int> AnswerAsync<T>(Call call, JsonTypeInfo<T> type, Action<T> show, CancellationToken cancel)
    {
        switch (await Api.SendAsync(call, cancel))
        {
            case Answer.Ok ok when Json:
                Printer.Json(ok.Body);
                return ExitCodes.Succeeded;
            case Answer.Ok ok:
                show(Read(ok.Body, type));
                return ExitCodes.Succeeded;
            case var failure:
                return Fail(failure);
        }
    }

    /// <exception cref="JsonException">The server does not speak this API.</exception>
    public static T Read<T>(byte[] body, JsonTypeInfo<T> type) =>
        JsonSerializer.Deserialize(body, type) ?? throw new JsonException("The answer is null.");
}
