using System.CommandLine;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Dcron.Cli.Api;
using Dcron.Cli.Input;
using Dcron.Cli.Output;

namespace Dcron.Cli.Commands;

/// <summary><c>dcron job create</c> and <c>dcron job update</c>.</summary>
internal static class JobSpecCommands
{
    private const string Stdin = "-";

    public static Command Create(CommandTree tree)
    {
        var options = new JobOptions(tree.Time, update: false);
        var command = new ExampleCommand("create", "Upload a script and run it on a schedule. What follows -- are the script's arguments.",
            "dcron job create --time '*/5 * * * *' backup.py",
            "dcron job create --time '0 2 * * *' --timezone Europe/Lisbon --name nightly --timeout 30m backup.py -- --full /srv",
            "dcron job create --time '@hourly' --memory 512M --cpu-time 1m --network off crunch.py",
            "dcron job create --time @daily --type ruby --script-location s3://scripts/report.rb --env LEVEL=debug",
            "dcron job create --time '*/10 * * * *' --overlap-policy queue --misfire-policy run_all --retries 3 --retry-delay 30s sync.py");
        options.AddTo(command);
        return tree.On(command, async (context, cancel) =>
        {
            var fields = options.Fields(context);
            if (options.Policies.AddTo(fields, context, isUpdate: false) is { } wrong)
                return context.Misused(wrong);
            if (await CompleteScriptAsync(context, options, fields, cancel) is { } refused)
                return refused;

            return await context.AnswerAsync(Call.Post("jobs", () => Json(fields, "application/json")), ApiJson.Default.JobBody, job =>
            {
                context.Printer.Line($"Created {JobView.Title(job)}.");
                context.Printer.Fields(JobView.Fields(job));
            }, cancel);
        }, takesTrailing: true);
    }

    public static Command Update(CommandTree tree)
    {
        var options = new JobOptions(tree.Time, update: true);
        var job = JobCommand.JobArgument();
        var command = new ExampleCommand("update", "Change what is given, and leave the rest. What follows -- replaces the script's arguments.",
            "dcron job update nightly --time '0 3 * * *'",
            "dcron job update nightly backup.py",
            "dcron job update nightly --overlap-policy replace --retries none",
            "dcron job update nightly --timeout none --env LEVEL=info --unset-env DEBUG --")
        {
            job,
        };
        options.AddTo(command);
        return tree.On(command, (context, cancel) => JobCommand.WithJobAsync(context, context.Get(job), async id =>
        {
            var fields = options.Fields(context);
            if (options.Policies.AddTo(fields, context, isUpdate: true) is { } wrong)
                return context.Misused(wrong);
            if ((context.Get(options.Script) is not null || fields.ContainsKey("script_location"))
                && await CompleteScriptAsync(context, options, fields, cancel, typeNeeded: false) is { } refused)
                return refused;
            if (fields.Count == 0)
                return context.Misused("Nothing to change is given; 'dcron job update --help' shows what can be.");

            return await PatchAsync(context, id, fields, cancel);
        }, cancel), takesTrailing: true);
    }

    private static async Task<int> PatchAsync(CommandContext context, string id, JsonObject fields, CancellationToken cancel)
    {
        var path = $"jobs/{id}";
        for (var lostAnswer = false; ; lostAnswer = true)
        {
            if (await context.Api.SendAsync(Call.Get(path), cancel) is var now && now is not Answer.Ok { ETag: var etag })
                return context.Fail(now);

            var call = Call.Patch(path, etag ?? "*", () => Json(fields, "application/merge-patch+json"));
            switch (await context.Api.SendAsync(call, cancel))
            {
                case Answer.Ok ok:
                    if (context.Json)
                        context.Printer.Json(ok.Body);
                    else
                        ShowUpdated(context, CommandContext.Read(ok.Body, ApiJson.Default.JobBody));
                    return ExitCodes.Succeeded;
                // The version may have moved by our own try, whose answer was lost: the same patch on top of itself changes nothing.
                case Answer.Refused { Status: 412, Repeated: true } when !lostAnswer:
                    continue;
                case Answer.Refused { Status: 412 } stale:
                    context.Fail(stale);
                    context.Printer.Note("Somebody changed this job at the same moment. Look at it ('dcron job show'), then repeat your change.");
                    return ExitCodes.Failed;
                case var failure:
                    return context.Fail(failure);
            }
        }
    }

    private static void ShowUpdated(CommandContext context, JobBody job)
    {
        context.Printer.Line($"Updated {JobView.Title(job)}.");
        context.Printer.Fields(JobView.Fields(job));
    }

    /// <summary>Fills in script_location (by an upload, if a file is given) and script_type (by a guess, if it is not).</summary>
    /// <returns>An exit code when nothing can come of it.</returns>
    private static async Task<int?> CompleteScriptAsync(
        CommandContext context, JobOptions options, JsonObject fields, CancellationToken cancel, bool typeNeeded = true)
    {
        var file = context.Get(options.Script);
        var location = context.Get(options.ScriptLocation);
        if (file is null == location is null)
        {
            return context.Misused(file is null
                ? "Which script? Give a file to upload, or --script-location for one that is in object storage already."
                : "Give either a script file or --script-location, not both.");
        }

        if (!fields.ContainsKey("script_type"))
        {
            if (ScriptTypes.Guess(file ?? location!) is { } guess)
                fields["script_type"] = guess;
            else if (typeNeeded)
                return context.Misused($"The name '{file ?? location}' does not tell the interpreter; say it with --type (python, ruby, …).");
        }

        if (file is null)
            return null;

        var (name, length, open) = (Path.GetFileName(file), 0L, default(Func<Stream>));
        try
        {
            if (file == Stdin)
            {
                using var read = new MemoryStream();
                await context.Shell.Input.CopyToAsync(read, cancel);
                var bytes = read.ToArray();
                (name, length, open) = ("stdin", bytes.Length, () => new MemoryStream(bytes));
            }
            else if (Directory.Exists(file))
            {
                return context.Misused($"'{file}' is a folder; a job runs one script file.");
            }
            else
            {
                (length, open) = (new FileInfo(file).Length, () => File.OpenRead(file));
                await open().DisposeAsync(); // unreadable is told now, not as a failed request
            }
        }
        catch (FileNotFoundException)
        {
            return context.Misused($"There is no file '{file}'.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return context.Misused($"Cannot read '{file}': {e.Message}");
        }

        var (uploaded, failure) = await context.Printer.BehindLineAsync($"Uploading {name} ({Shown.Size(length)})", line => Scripts.UploadAsync(
            context.Api, name, open, sent => line($"Uploading {name}: {Shown.Size(sent)} of {Shown.Size(length)}"), cancel));
        if (failure is not null)
            return context.Fail(failure);

        fields["script_location"] = uploaded;
        return null;
    }

    private static ByteArrayContent Json(JsonObject fields, string type)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(fields.ToJsonString()));
        content.Headers.ContentType = new MediaTypeHeaderValue(type);
        return content;
    }
}
