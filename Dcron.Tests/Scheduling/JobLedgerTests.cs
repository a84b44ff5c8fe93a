using CsCheck;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;
using Dcron.Grains.Scheduling;

namespace Dcron.Tests.Scheduling;

/// <summary>Random lives of a job, by a clock that jumps both ways, checked against a ledger and a walk through every minute.</summary>
public sealed class JobLedgerTests
{
    private static readonly DateTimeOffset Born = SomeJob.At("2026-03-28T20:00:07"); // the night before Lisbon's clocks change

    private enum Act
    {
        Plan,
        PlanAgain,
        Update,
        Pause,
        Resume,
        RunNow,
        FinishOldest,
        FinishAll,
        Record,
        Delete,
    }

    private static readonly Gen<JobSpec> AnySpec = Gen.Select(
        Gen.Frequency((3, Gen.OneOfConst("* * * * *", "*/7 * * * *", "30 1 * * *", "0 */2 * * *", "15,45 0-3 * * *")), (1, CronText.Walkable)),
        Gen.OneOfConst("UTC", "Europe/Lisbon"),
        Gen.Frequency((4, Gen.Const(true)), (1, Gen.Const(false))),
        (time, zone, enabled) => SomeJob.Spec(time) with { Timezone = zone, Enabled = enabled });

    private static readonly Gen<TimeSpan> Jump = Gen.Frequency(
        (6, Gen.Double[0, 70].Select(TimeSpan.FromSeconds)),
        (4, Gen.Double[0, 200].Select(TimeSpan.FromMinutes)),
        (1, Gen.Double[0, 3].Select(TimeSpan.FromDays)),
        (2, Gen.Double[0, 10].Select(minutes => -TimeSpan.FromMinutes(minutes))),
        (1, Gen.Double[0, 2].Select(days => -TimeSpan.FromDays(days))));

    private static readonly Gen<Act> AnyAct = Gen.Frequency(
        (8, Gen.Const(Act.Plan)), (2, Gen.Const(Act.PlanAgain)), (2, Gen.Const(Act.Update)), (1, Gen.Const(Act.Pause)), (2, Gen.Const(Act.Resume)),
        (1, Gen.Const(Act.RunNow)), (3, Gen.Const(Act.FinishOldest)), (3, Gen.Const(Act.FinishAll)), (4, Gen.Const(Act.Record)));

    [Fact]
    public void Every_fire_time_up_to_the_mark_is_launched_or_recorded_as_passed_exactly_once() =>
        Gen.Select(AnySpec, Gen.Select(AnyAct, Jump, AnySpec).Array[1, 40], Gen.Bool).Sample((spec, steps, deleted) =>
        {
            var life = new Life(spec);
            foreach (var (act, jump, next) in steps)
            {
                life.Live(act, jump, next);
            }

            if (deleted)
            {
                life.Live(Act.Delete, TimeSpan.FromMinutes(10), spec);
                life.Live(Act.Plan, TimeSpan.FromDays(1), spec);
            }

            life.CheckLedger();
        }, iter: 600);

    [Fact]
    public void More_wakes_lose_nothing() =>
        Gen.Select(AnySpec, Gen.Double[0, 1].Array[1, 20]).Sample((spec, cuts) =>
        {
            var (few, many) = (new Life(spec with { Enabled = true }), new Life(spec with { Enabled = true }));
            foreach (var cut in cuts.Order())
            {
                many.Until(Born.AddDays(1.3 * cut));
            }

            few.Until(Born.AddDays(1.3));
            many.Until(Born.AddDays(1.3));
            Assert.Equal(few.Decided.Keys.Order(ById), many.Decided.Keys.Order(ById));
        }, iter: 400);

    private static Comparer<ExecutionId> ById { get; } = Comparer<ExecutionId>.Create((a, b) => a.FireTime.CompareTo(b.FireTime));

    private sealed class Life
    {
        private readonly List<(DateTimeOffset From, JobSpec Spec)> _inForce = [];
        private DateTimeOffset _now = Born;
        private JobDocument _job;

        public Life(JobSpec spec)
        {
            _job = JobPlanner.Create(new CreateJob(SomeJob.Id, spec), null, Born);
            _inForce.Add((Born, spec));
        }

        /// <summary>Every scheduled execution that was decided, and whether it was launched.</summary>
        public Dictionary<ExecutionId, bool> Decided { get; } = [];

        public void Until(DateTimeOffset end)
        {
            _now = end;
            JobPlan plan;
            do
            {
                plan = JobPlanner.Plan(_job, _now);
                Take(plan.Job);
                Take(JobPlanner.Recorded(_job, [.. _job.Unrecorded.Select(passed => passed.ExecutionId)], _now).Job);
            }
            while (plan.IsBehind);
        }

        public void Live(Act act, TimeSpan jump, JobSpec spec)
        {
            _now += jump;
            switch (act)
            {
                case Act.Plan or Act.PlanAgain:
                    var plan = JobPlanner.Plan(_job, _now);
                    Assert.Equal(plan.Changed, !ReferenceEquals(plan.Job, _job));
                    Take(plan.Job);
                    if (!plan.IsBehind)
                    {
                        Assert.Same(_job, JobPlanner.Plan(_job, _now).Job);
                    }

                    break;
                case Act.Update:
                    Change(JobPlanner.Update(_job, spec, null, _now), spec);
                    break;
                case Act.Pause or Act.Resume:
                    Change(JobPlanner.SetEnabled(_job, act == Act.Resume, _now), _job.Spec with { Enabled = act == Act.Resume });
                    break;
                case Act.RunNow:
                    var run = JobPlanner.RunNow(_job, null, null, _now);
                    Assert.DoesNotContain(_job.Open, owed => owed.Launch.ExecutionId == run.ExecutionId);
                    Take(run.Job);
                    break;
                case Act.FinishOldest or Act.FinishAll:
                    foreach (var owed in _job.Open.Take(act == Act.FinishAll ? int.MaxValue : 1).ToArray())
                    {
                        Take(JobPlanner.Finished(_job, owed.Launch.ExecutionId, _now).Job);
                    }

                    break;
                case Act.Record:
                    Take(JobPlanner.Recorded(_job, [.. _job.Unrecorded.Take(900).Select(passed => passed.ExecutionId)], _now).Job);
                    break;
                case Act.Delete:
                    Change(JobPlanner.Delete(_job, _now), _job.Spec with { Enabled = false });
                    break;
            }
        }

        public void CheckLedger()
        {
            var expected = new List<ExecutionId>();
            for (var i = 0; i < _inForce.Count; i++)
            {
                var (from, spec) = _inForce[i];
                var to = i + 1 < _inForce.Count ? _inForce[i + 1].From : _job.PlannedUpTo;
                if (spec.Enabled && from < to)
                {
                    expected.AddRange(MinuteWalk.Between(spec.Time, TimeZoneInfo.FindSystemTimeZoneById(spec.Timezone), from, to)
                        .Select(fireTime => ExecutionId.Scheduled(SomeJob.Id, fireTime)));
                }
            }

            Assert.Equal(expected, Decided.Keys.Order(ById));
        }

        private void Change(JobChange change, JobSpec spec)
        {
            Assert.Equal(change.Changed, !ReferenceEquals(change.Job, _job));
            var applied = change.IsApplied && change.Changed;
            Take(change.Job);
            Assert.All(change.ToDrop, owed => Assert.Contains(owed, _job.Open));
            if (applied)
            {
                _inForce.Add((_job.DeletedAt ?? _job.UpdatedAt, spec));
                Assert.Equal(_inForce[^1].From, _job.PlannedUpTo);
            }
        }

        /// <summary>Writes down what is new in the document, and checks what must hold of every document.</summary>
        private void Take(JobDocument next)
        {
            var before = _job.Open.Select(owed => owed.Launch.ExecutionId).Concat(_job.Unrecorded.Select(passed => passed.ExecutionId)).ToHashSet();
            var launched = next.Open.Select(owed => owed.Launch.ExecutionId).Where(id => id.Manual == 0).ToArray();
            foreach (var id in launched.Concat(next.Unrecorded.Select(passed => passed.ExecutionId)).Where(id => !before.Contains(id)))
            {
                Assert.True(Decided.TryAdd(id, launched.Contains(id)), $"{id} was decided twice");
            }

            Assert.True(next.PlannedUpTo >= _job.PlannedUpTo, "the mark went back");
            Assert.True(launched.Length <= 1, "two scheduled launches are open");
            Assert.True(next.Unrecorded.Count <= JobPlanner.MaxUnrecorded);
            Assert.Equal(next.Open.Count == 0 ? null : next.Open.Min(owed => owed.PlannedAt), next.OpenSince);
            if (next.Open.Count > 0 || next.Unrecorded.Count > 0)
            {
                Assert.True(next.WakeAt is not null);
            }

            if (next.Spec.Enabled && next.DeletedAt is null && next.Unrecorded.Count < JobPlanner.MaxUnrecorded)
            {
                var due = new FireTimes(CronText.Parse(next.Spec.Time), TimeZoneInfo.FindSystemTimeZoneById(next.Spec.Timezone)).NextAfter(next.PlannedUpTo)!.Value;
                Assert.True(next.WakeAt <= due, $"woken at {next.WakeAt:o}, due at {due:o}");
            }

            _job = next;
        }
    }
}
