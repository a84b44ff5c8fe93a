using System.CommandLine;
using System.Text;
using Dcron.Cli.Api;
using Dcron.Cli.Output;

namespace Dcron.Cli.Commands;

/// <summary><c>dcron job …</c>: what is planned to run.</summary>
internal static class JobCommand
{
    private const int PageLimit = 500;

    public static Command Create(CommandTree tree) => new("job", "Create, show and change jobs. JOB is a job id or a unique name.")
    {
        JobSpecCommands.Create(tree),
        List(tree),
        Show(tree),
        JobSpecCommands.Update(tree),
        Change(tree, "pause", "Stop firing; what is queued is skipped, what runs goes on.", "paused"),
        Change(tree, "resume", "Fire again from now on; what passed meanwhile is not made up.", "resumed"),
        JobRunCommand.Create(tree),
        BackfillCommand.Create(tree),
        BackfillCommand.List(tree),
        Versions(tree),
        Delete(tree),
    };

    public static Argument<string> JobArgument() => new("JOB") { Description = "A job's id or its unique name." };

    /// <summary>Resolves JOB, then goes on with its id.</summary>
    public static async Task<int> WithJobAsync(CommandContext context, string job, Func<string, Task<int>> goOn, CancellationToken cancel)
    {
        switch (await Jobs.ResolveAsync(context.Api, job, cancel))
        {
            case Resolution.Found found:
                return await goOn(found.JobId);
            case Resolution.Unclear unclear:
                context.Printer.Note(unclear.Sentence);
                return ExitCodes.Failed;
            case Resolution.Failed failed:
                return context.Fail(failed.Failure);
            case var other:
                throw new System.Diagnostics.UnreachableException($"{other}");
        }
    }

    private static ExampleCommand List(CommandTree tree)
    {
        var limit = new Option<int>("--limit")
        {
            Description = "How many at most.",
            HelpName = "N",
            DefaultValueFactory = _ => 100,
            CustomParser = Parsers.Whole(1, 1_000_000),
        };
        var all = new Option<bool>("--all") { Description = "All of them, however many." };
        var name = new Option<string?>("--name") { Description = "Only jobs with this in their name.", HelpName = "TEXT" };
        var label = new Option<string?>("--label") { Description = "Only jobs with this label; KEY alone for any value.", HelpName = "KEY=VALUE" };
        var enabled = new Option<bool>("--enabled") { Description = "Only jobs that fire." };
        var disabled = new Option<bool>("--disabled") { Description = "Only paused jobs." };
        var command = new ExampleCommand("list", "List jobs.", "dcron job list", "dcron job list --label team=data --disabled", "dcron job list --all --json")
        {
            limit, all, name, label, enabled, disabled,
        };
        return tree.On(command, async (context, cancel) =>
        {
            if (context.Get(enabled) && context.Get(disabled))
                return context.Misused("--enabled and --disabled leave no job over; give one of them.");

            var query = new StringBuilder(context.NamespaceQuery('&'));
            if (context.Get(name) is { } text)
                query.Append("&name=").Append(Uri.EscapeDataString(text));
            if (context.Get(label) is { } pair)
                query.Append("&label=").Append(Uri.EscapeDataString(pair));
            if (context.Get(enabled) || context.Get(disabled))
                query.Append("&enabled=").Append(context.Get(enabled) ? "true" : "false");

            var pages = new Pages(context.Api, "jobs", query.ToString(), PageLimit, context.Get(all) ? null : context.Get(limit));
            return await context.PagesAsync(pages, ApiJson.Default.ListJobBody, JobView.List, "jobs", cancel);
        });
    }

    private static ExampleCommand Show(CommandTree tree)
    {
        var job = JobArgument();
        return tree.On(new ExampleCommand("show", "Show one job in full, with its next fire times.", "dcron job show nightly") { job }, (context, cancel) =>
            WithJobAsync(context, context.Get(job), id => context.AnswerAsync(
                Call.Get($"jobs/{id}"), ApiJson.Default.JobBody, body => context.Printer.Fields(JobView.Fields(body)), cancel), cancel));
    }

    private static ExampleCommand Change(CommandTree tree, string verb, string description, string done)
    {
        var job = JobArgument();
        return tree.On(new ExampleCommand(verb, description, $"dcron job {verb} nightly") { job }, (context, cancel) =>
            WithJobAsync(context, context.Get(job), id => context.AnswerAsync(
                Call.Post($"jobs/{id}/{verb}"), ApiJson.Default.JobBody, body => context.Printer.Line($"{JobView.Title(body)} is {done}."), cancel), cancel));
    }

    private static ExampleCommand Versions(CommandTree tree)
    {
        var job = JobArgument();
        return tree.On(new ExampleCommand("versions", "Show what the job was, and from when on.", "dcron job versions nightly --json") { job }, (context, cancel) =>
            WithJobAsync(context, context.Get(job), id => context.AnswerAsync(
                Call.Get($"jobs/{id}/versions"), ApiJson.Default.ListJobBody, versions => context.Printer.Table(JobView.Versions(versions)), cancel), cancel));
    }

    private static ExampleCommand Delete(CommandTree tree)
    {
        var job = JobArgument();
        return tree.On(new ExampleCommand("delete", "Delete a job. What runs ends by itself; its history stays.", "dcron job delete nightly") { job }, (context, cancel) =>
            WithJobAsync(context, context.Get(job), async id =>
            {
                switch (await context.Api.SendAsync(Call.Delete($"jobs/{id}"), cancel))
                {
                    case Answer.Ok:
                    case Answer.Refused { Status: 404, Repeated: true }: // the try whose answer was lost has deleted it
                        if (!context.Json)
                            context.Printer.Line($"{context.Get(job)} is deleted.");
                        return ExitCodes.Succeeded;
                    case var failure:
                        return context.Fail(failure);
                }
            }, cancel));
    }
}
