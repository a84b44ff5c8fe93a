using Dcron.Api.Access;
using Dcron.Api.Audit;
using Dcron.Api.Console.Pages;
using Dcron.Api.Jobs;
using Dcron.Api.Json;
using Dcron.Api.Problems;
using Dcron.Api.Requests;
using Dcron.Grains.Jobs;

namespace Dcron.Api.Console.Editing;

/// <summary>A backfill as the form asks for it, what is wrong with it, and what it would do.</summary>
/// <param name="Plan">Null where nothing was asked for yet, or it is refused.</param>
public sealed record BackfillForm(string From, string To, string MaxConcurrent, IReadOnlyDictionary<string, IReadOnlyList<string>> Errors, BackfillPreview? Plan)
{
    public IReadOnlyList<string> ErrorsOf(string field) => Errors.GetValueOrDefault(field) ?? [];
}

/// <param name="FireTimes">What will run.</param>
/// <param name="LeftOut">What has succeeded already, or is queued or running.</param>
public sealed record BackfillPreview(IReadOnlyList<DateTimeOffset> FireTimes, IReadOnlyList<DateTimeOffset> LeftOut);

/// <summary>Runs a period after the fact: shown before it is begun, and cancelled while it goes on.</summary>
internal static class BackfillPages
{
    public static void Map(IEndpointRouteBuilder app)
    {
        ConsolePages.Page(app, "/jobs/{job_id}/backfill", Role.Operator, ShowAsync);
        ConsoleActions.Action(app, "/console/jobs/{job_id}/backfill", Role.Operator, "backfill_job", BeginAsync);
        ConsoleActions.Action(app, "/console/jobs/{job_id}/backfills/{number}/cancel", Role.Operator, "cancel_backfill", CancelAsync);
    }

    private static async Task<IResult> ShowAsync(HttpContext context, string job_id, IGrainFactory grains)
    {
        if (await ConsoleActions.FindAsync(job_id, grains) is not { } job)
            return Problem.NoSuchJob(job_id);

        string Text(string name) => ConsolePages.Text(context, name) ?? "";
        return await PageAsync(context, job, Text("from"), Text("to"), Text("max_concurrent"), grains);
    }

    private static async Task<IResult> PageAsync(HttpContext context, JobDocument job, string from, string to, string most, IGrainFactory grains)
    {
        var (errors, plan) = (new FieldErrors(), (BackfillPreview?)null);
        var isAsked = from.Length > 0 || to.Length > 0;
        if (isAsked && Read(context, from, to, most, dryRun: true, errors) is { } asked)
        {
            switch (await grains.GetGrain<IJobGrain>(job.JobId.Value).Backfill(asked, null))
            {
                case BackfillAnswer.Planned planned:
                    plan = new BackfillPreview(planned.FireTimes, planned.LeftOut);
                    break;
                case BackfillAnswer.Refused refused:
                    Add(refused, errors);
                    break;
            }
        }

        context.Response.Headers.CacheControl = "no-store";
        return ConsolePage.Of<BackfillPage>(
            context, new { Job = job, Form = new BackfillForm(from, to, most, errors.ToDictionary(), plan) }, errors.Any ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status200OK);
    }

    private static async Task<IResult> BeginAsync(HttpContext context, string job_id, IGrainFactory grains)
    {
        if (await ConsoleActions.FindAsync(job_id, grains) is not { } job)
            return Problem.NoSuchJob(job_id);

        var fields = await context.Request.ReadFormAsync(context.RequestAborted);
        string Text(string name) => fields[name].ToString().Trim();
        if (Read(context, Text("from"), Text("to"), Text("max_concurrent"), dryRun: false, new FieldErrors()) is { } asked)
        {
            await AuditTrail.Of(context).BeginAsync(AuditTarget.Job(job.JobId, job.Spec.InNamespace), null, BackfillRequestView.Of(asked), ApiJson.Shared.BackfillRequestView);
            // Pressed twice: the form bears a name of its own, by which the second time is known.
            if (await grains.GetGrain<IJobGrain>(job.JobId.Value).Backfill(asked, KeyOf(Text("once"))) is BackfillAnswer.Planned)
                return ConsolePage.SeeOther($"/jobs/{job.JobId}?done=backfilling");
        }

        return await PageAsync(context, job, Text("from"), Text("to"), Text("max_concurrent"), grains);
    }

    private static async Task<IResult> CancelAsync(HttpContext context, string job_id, string number, IGrainFactory grains)
    {
        if (await ConsoleActions.FindAsync(job_id, grains) is not { } job)
            return Problem.NoSuchJob(job_id);
        if (!int.TryParse(number, out var which))
            return Problem.NotFound($"Job {job_id} has no backfill {number}.");

        await AuditTrail.Of(context).BeginAsync(AuditTarget.Job(job.JobId, job.Spec.InNamespace));
        return await grains.GetGrain<IJobGrain>(job.JobId.Value).CancelBackfill(which, $"Its backfill was cancelled by {Caller.NameOf(context.User)} in the console.") is not null
            ? ConsolePage.SeeOther($"/jobs/{job.JobId}?done=backfill-cancelled")
            : ConsolePage.SeeOther($"/jobs/{job.JobId}?done=backfill-over");
    }

    private static RequestBackfill? Read(HttpContext context, string from, string to, string most, bool dryRun, FieldErrors errors)
    {
        var zone = Viewer.Of(context).Zone;
        var (first, end) = (ConsolePages.TimeOf(from.Length > 0 ? from : null, zone), ConsolePages.TimeOf(to.Length > 0 ? to : null, zone));
        if (first is null)
            errors.Add("from", Advice(from));
        if (end is null)
            errors.Add("to", Advice(to));
        var number = 1;
        if (most.Length > 0 && !int.TryParse(most, out number))
            errors.Add("max_concurrent", "must be a whole number");
        return errors.Any ? null : new RequestBackfill(first!.Value, end!.Value, number, dryRun);
    }

    private static string Advice(string text) => text.Length == 0 ? "is needed" : "must be a time like 2026-11-24, 2026-11-24T13:00 or 2026-11-24T13:00:00Z";

    private static void Add(BackfillAnswer.Refused refused, FieldErrors errors)
    {
        foreach (var problem in refused.Problems)
            errors.Add(problem.Field, problem.Message);
    }

    private static string? KeyOf(string once) => once.Length is > 0 and <= 100 ? Keys.KeyText.Sha256("console backfill " + once) : null;
}
