using Dcron.Api.Access;
using Dcron.Api.Audit;
using Dcron.Api.Console.Pages;
using Dcron.Api.Console.Parts;
using Dcron.Api.Jobs;
using Dcron.Api.Problems;
using Dcron.Grains.Access;
using Dcron.Grains.Jobs;
using Dcron.Grains.Scripts;

namespace Dcron.Api.Console.Editing;

/// <summary>Makes and changes jobs by a form.</summary>
internal static class JobFormEndpoints
{
    private const string SampleName = "hello";

    public static void Map(IEndpointRouteBuilder app)
    {
        ConsolePages.Page(app, "/jobs/new", Role.Operator, NewAsync, Reach.Filtered);
        ConsolePages.Page(app, "/jobs/{job_id}/edit", Role.Operator, EditAsync);
        ConsolePages.Page(app, "/console/preview", Role.Operator, (HttpContext context, string? time, string? timezone, string? seed, string? dst_gap, string? dst_overlap, TimeProvider clock) =>
            ConsolePage.Of<Preview>(context, new { Of = SchedulePreview.Of(time ?? "", timezone ?? "", seed ?? "", dst_gap ?? "", dst_overlap ?? "", clock.GetUtcNow()) }), Reach.Anybody);
        ConsoleActions.Action(app, "/jobs/new", Role.Operator, "create_job", (HttpContext context, JobEditor editor, IGrainFactory grains, TimeProvider clock) => SaveAsync(context, null, editor, grains, clock), Reach.Filtered);
        ConsoleActions.Action(app, "/jobs/{job_id}/edit", Role.Operator, "update_job", SaveAsync);
        ConsoleActions.Action(app, "/console/sample", Role.Operator, "create_job", SampleAsync, Reach.Filtered);
    }

    private static async Task<IResult> NewAsync(HttpContext context, JobEditor editor, IGrainFactory grains, TimeProvider clock)
    {
        var scope = Caller.ScopeOf(context.User);
        var form = new JobForm { ["time"] = "", ["timezone"] = Viewer.Of(context).Zone.Id, ["enabled"] = "true", ["script_type"] = "python", ["namespace"] = scope.Own };
        if (await ConsoleActions.FindAsync(context.Request.Query["from"].ToString(), grains) is { } original && scope.Allows(original.Spec.InNamespace))
        {
            form = JobForm.Of(original.Spec);
            form["name"] = "";
            form["script"] = await editor.ReadScriptAsync(original.Spec.ScriptLocation, context.RequestAborted) ?? "";
        }

        return await PageAsync(context, form, null, editor, clock);
    }

    private static async Task<IResult> EditAsync(HttpContext context, string job_id, JobEditor editor, IGrainFactory grains, TimeProvider clock)
    {
        if (await ConsoleActions.FindAsync(job_id, grains) is not { } job)
            return Problem.NoSuchJob(job_id);

        var form = JobForm.Of(job.Spec);
        form["version"] = $"{job.Version}";
        form["script"] = await editor.ReadScriptAsync(job.Spec.ScriptLocation, context.RequestAborted) ?? "";
        return await PageAsync(context, form, job, editor, clock);
    }

    private static async Task<IResult> SaveAsync(HttpContext context, string? job_id, JobEditor editor, IGrainFactory grains, TimeProvider clock)
    {
        JobId? jobId = null;
        if (job_id is not null)
        {
            if (!JobId.TryParse(job_id, out var parsed))
                return Problem.NoSuchJob(job_id);
            jobId = parsed;
        }

        var fields = await context.Request.ReadFormAsync(context.RequestAborted);
        var form = JobForm.Of(fields);
        switch (await editor.SaveAsync(context, jobId, form, fields.Files.GetFile("file")))
        {
            case JobEdit.Saved { Job: var saved } when form["do"] == "run" && await RunAsync(context, saved, grains) is { } execution:
                return ConsolePage.SeeOther($"{Shown.LinkTo(execution)}?done={(jobId is null ? "created" : "saved")}");
            case JobEdit.Saved { Job: var saved }:
                return ConsolePage.SeeOther($"/jobs/{saved.JobId}?done={(jobId is null ? "created" : saved.Version.ToString(System.Globalization.CultureInfo.InvariantCulture) == form["version"] ? "unchanged" : "saved")}");
            case JobEdit.Refused:
                var job = job_id is null ? null : await ConsoleActions.FindAsync(job_id, grains);
                return await PageAsync(context, form, job, editor, clock, StatusCodes.Status422UnprocessableEntity);
            default:
                return Problem.NoSuchJob(job_id ?? "");
        }
    }

    private static async Task<Grains.Executions.ExecutionId?> RunAsync(HttpContext context, JobDocument job, IGrainFactory grains)
    {
        await AuditTrail.Of(context).AlsoAsync("run_job", AuditTarget.Job(job.JobId, job.Spec.InNamespace));
        return await grains.GetGrain<IJobGrain>(job.JobId.Value).Run(null);
    }

    private static async Task<IResult> PageAsync(HttpContext context, JobForm form, JobDocument? job, JobEditor editor, TimeProvider clock, int status = StatusCodes.Status200OK)
    {
        context.Response.Headers.CacheControl = "no-store";
        return ConsolePage.Of<JobFormPage>(
            context,
            new
            {
                Job = job,
                Form = form,
                Preview = SchedulePreview.Of(form["time"], form["timezone"], job?.JobId.Value ?? "", form["dst_gap"], form["dst_overlap"], clock.GetUtcNow()),
                Interpreters = await editor.InterpretersAsync(form["script_type"]),
            },
            status);
    }

    /// <summary>A job to see how it all works, and its first run.</summary>
    private static async Task<IResult> SampleAsync(HttpContext context, JobEditor editor, ScriptLibrary library, IGrainFactory grains, TimeProvider clock)
    {
        var interpreters = await editor.InterpretersAsync(null);
        var (type, script) = interpreters.ContainsKey("python") || !interpreters.ContainsKey("ruby") ? ("python", SamplePython) : ("ruby", SampleRuby);
        if (await library.StoreAsync(new MemoryStream(System.Text.Encoding.UTF8.GetBytes(script)), type == "python" ? "hello.py" : "hello.rb", cancellationToken: context.RequestAborted) is not ScriptUpload.Stored stored)
            throw new System.Diagnostics.UnreachableException("the sample is a script like any other");

        var id = JobId.New(clock.GetUtcNow());
        var spec = new JobSpec
        {
            Name = SampleName, Time = "* * * * *", ScriptType = type, ScriptLocation = stored.Location.ToString(), Timezone = Viewer.Of(context).Zone.Id,
            Namespace = Namespaces.ToStored(Caller.ScopeOf(context.User).Own),
        };
        await JobEndpoints.AuditAsync(context, id, null, spec);
        var job = await grains.GetGrain<IJobGrain>(id.Value).Create(new CreateJob(id, spec)) switch
        {
            JobAnswer.Found made => made.Job,
            JobAnswer.NameTaken taken => await ConsoleActions.FindAsync(taken.By.Value, grains), // pressed twice: the sample is there
            _ => null,
        };
        return job is not null && await RunAsync(context, job, grains) is { } execution ? ConsolePage.SeeOther($"{Shown.LinkTo(execution)}?done=created") : ConsolePage.SeeOther("/jobs");
    }

    private const string SamplePython = """
        import os, time

        print("\033[32mHello\033[0m from", os.environ["DCRON_JOB_NAME"])
        print("This run was due at", os.environ["DCRON_FIRE_TIME"])
        for step in range(1, 6):
            print(f"step {step} of 5", flush=True)
            time.sleep(1)
        print("\033[1mDone.\033[0m Whatever a script prints stands here, as it comes.")

        """;

    private const string SampleRuby = """
        $stdout.sync = true
        puts "\e[32mHello\e[0m from #{ENV['DCRON_JOB_NAME']}"
        puts "This run was due at #{ENV['DCRON_FIRE_TIME']}"
        (1..5).each { |step| puts "step #{step} of 5"; sleep 1 }
        puts "\e[1mDone.\e[0m Whatever a script prints stands here, as it comes."

        """;
}
