using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Dcron.Cli.Api;
using Dcron.Cli.Output;

namespace Dcron.Cli.Commands;

/// <summary>Shows listings of several pages as one.</summary>
internal static class Paging
{
    /// <param name="kind">What is listed, in the plural.</param>
    public static async Task<int> PagesAsync<T>(
        this CommandContext context, Pages pages, JsonTypeInfo<List<T>> type, Func<IReadOnlyList<T>, Table> table, string kind, CancellationToken cancel)
    {
        var rows = new List<T>();
        using var json = new MemoryStream();
        await using var writer = new Utf8JsonWriter(json);
        writer.WriteStartArray();
        while (pages.More)
        {
            if (await pages.NextAsync(cancel) is var answer && answer is not Answer.Ok)
                return context.Fail(answer);

            var page = (Answer.Ok)answer;
            if (context.Json)
            {
                using var document = JsonDocument.Parse(page.Body);
                if (document.RootElement.ValueKind != JsonValueKind.Array)
                    throw new JsonException("not an array");
                foreach (var row in document.RootElement.EnumerateArray())
                    writer.WriteRawValue(row.GetRawText());
                pages.Took(page, document.RootElement.GetArrayLength());
            }
            else
            {
                var read = CommandContext.Read(page.Body, type);
                rows.AddRange(read);
                pages.Took(page, read.Count);
            }
        }

        writer.WriteEndArray();
        await writer.FlushAsync(cancel);
        if (context.Json)
        {
            context.Printer.Json(json.ToArray());
            return ExitCodes.Succeeded;
        }

        if (rows.Count == 0)
            context.Printer.Note($"There are no such {kind}.");
        else
            context.Printer.Table(table(rows));
        if (pages.CutOff)
            context.Printer.Note($"There are more {kind}; --limit or --all shows them.");
        return ExitCodes.Succeeded;
    }
}
