using System.Globalization;
using Dcron.Grains.Json;

namespace Dcron.Grains.Jobs.Planning;

/// <summary>What a backfill must be.</summary>
internal static class BackfillRules
{
    public const int MostConcurrent = 10;

    /// <summary>Everything that is wrong with it, at once; empty when it may begin.</summary>
    /// <param name="job">The job.</param>
    /// <param name="asked">What was asked for.</param>
    /// <param name="now">When.</param>
    /// <param name="keptFrom">From here on history is kept.</param>
    public static IReadOnlyList<FieldProblem> Check(JobDocument job, RequestBackfill asked, DateTimeOffset now, DateTimeOffset keptFrom = default)
    {
        var problems = new List<FieldProblem>();
        CheckPeriod(asked, now, problems);
        if (asked.MaxConcurrent is < 1 or > MostConcurrent)
        {
            problems.Add(new FieldProblem("max_concurrent", string.Create(CultureInfo.InvariantCulture, $"must be 1 to {MostConcurrent}")));
        }
        else if (asked.MaxConcurrent > 1 && job.Spec.OverlapPolicy != OverlapPolicy.Allow)
        {
            problems.Add(new FieldProblem("max_concurrent", "must be 1 for a job whose overlap_policy is not allow: its executions must not overlap"));
        }

        if (problems.Count == 0)
        {
            CheckInstants(job, asked, problems);
        }

        if (asked.From >= DateTimeOffset.UnixEpoch && asked.From < keptFrom)
        {
            // Nothing is created there, or it would be dropped within the hour.
            problems.Add(new FieldProblem("from",
                $"must not lie before {UtcTime.ToText(keptFrom)}: the history of that time is not kept (Dcron:History:RetentionMonths), so nobody could tell what has run or would; begin there or later, or have the nodes keep more months, if it was not dropped yet"));
        }

        if (!asked.DryRun && (job.Backfills ?? []).Count(known => known.EndedAt is null) >= JobPlanner.MaxBackfills)
        {
            problems.Add(new FieldProblem("from", string.Create(CultureInfo.InvariantCulture,
                $"can't be: {JobPlanner.MaxBackfills} backfills of this job go on already, the most that may; wait for one to end, or cancel one")));
        }

        return problems;
    }

    private static void CheckPeriod(RequestBackfill asked, DateTimeOffset now, List<FieldProblem> problems)
    {
        if (asked.To <= asked.From)
        {
            problems.Add(new FieldProblem("to", "must be later than from"));
        }
        else if (asked.To > now)
        {
            problems.Add(new FieldProblem("to", $"must not lie in the future (it is {UtcTime.ToText(now)} now): what is still to come runs by schedule"));
        }

        if (asked.From < DateTimeOffset.UnixEpoch)
        {
            problems.Add(new FieldProblem("from", "must not lie before 1970"));
        }
    }

    private static void CheckInstants(JobDocument job, RequestBackfill asked, List<FieldProblem> problems)
    {
        var instants = JobPlanner.InstantsOf(job, asked).Take(Backfill.MostInstants + 1).ToList();
        if (instants.Count > Backfill.MostInstants)
        {
            problems.Add(new FieldProblem("to", string.Create(CultureInfo.InvariantCulture,
                $"is too far from from: the schedule has more than {Backfill.MostInstants} fire times in this period, the most of one backfill; the first {Backfill.MostInstants} end before {UtcTime.ToText(instants[^1])}")));
        }
        else if (instants.Count == 0)
        {
            problems.Add(new FieldProblem("to", "leaves nothing to do: the schedule has no fire time in this period; GET /schedule/preview, or 'dcron preview', shows when it fires"));
        }
    }
}
