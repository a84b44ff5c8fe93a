using CsCheck;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;

namespace Dcron.Tests.Scheduling;

/// <summary>Random lives of a job with every policy, with workers that claim, end, fail and fall silent, by a clock that jumps: what must hold of all of them.</summary>
public sealed class PolicyLedgerTests
{
    private static readonly DateTimeOffset Born = SomeJob.At("2026-03-28T20:00:07"); // the night before Lisbon's clocks change

    private static readonly Gen<RetryPolicy?> AnyRetries = Gen.OneOf(
        Gen.Const((RetryPolicy?)null),
        Gen.Select(Gen.Int[1, 3], Gen.Enum<RetryBackoff>(), Gen.Double[1, 300], Gen.Double[0, 1], Gen.OneOfConst<IReadOnlyList<int>>([], [75]), (count, backoff, delay, jitter, codes) =>
            (RetryPolicy?)new RetryPolicy { Count = count, Backoff = backoff, DelaySeconds = delay, MaxDelaySeconds = 600, Jitter = jitter, OnExitCodes = codes }));

    private static readonly Gen<JobSpec> AnySpec = Gen.Select(
        Gen.OneOfConst("* * * * *", "*/7 * * * *", "30 1 * * *", "0 */2 * * *", "15,45 0-3 * * *"),
        Gen.Select(Gen.Enum<OverlapPolicy>(), Gen.Enum<MisfirePolicy>(), Gen.Int[1, 5]),
        Gen.Select(Gen.Enum<DstGap>(), Gen.Enum<DstOverlap>(), Gen.OneOfConst(0.0, 30)),
        Gen.OneOfConst<double?>(null, null, 20, 3600),
        AnyRetries,
        (time, overlap, dst, deadline, retries) => SomeJob.Spec(time) with
        {
            Timezone = "Europe/Lisbon",
            OverlapPolicy = overlap.Item2 == MisfirePolicy.RunAll && overlap.Item1 is OverlapPolicy.Skip or OverlapPolicy.Replace ? OverlapPolicy.Queue : overlap.Item1,
            MisfirePolicy = overlap.Item2,
            QueueLimit = overlap.Item3,
            DstGap = dst.Item1,
            DstOverlap = dst.Item2,
            JitterSeconds = dst.Item3,
            StartingDeadlineSeconds = deadline,
            Retries = retries,
        });

    private static readonly Gen<TimeSpan> Jump = Gen.Frequency(
        (8, Gen.Double[0, 70].Select(TimeSpan.FromSeconds)),
        (4, Gen.Double[0, 100].Select(TimeSpan.FromMinutes)),
        (1, Gen.Double[0, 1].Select(TimeSpan.FromDays)),
        (2, Gen.Double[0, 10].Select(minutes => -TimeSpan.FromMinutes(minutes))));

    private enum Act
    {
        Wake,
        Claim,
        End,
        EndWithoutTelling,
        RunNow,
        Pause,
        Resume,
        Backfill,
        CancelBackfill,
        Change,
    }

    private static readonly Gen<Act> AnyAct = Gen.Frequency(
        (10, Gen.Const(Act.Wake)), (8, Gen.Const(Act.Claim)), (5, Gen.Const(Act.End)), (3, Gen.Const(Act.EndWithoutTelling)), (1, Gen.Const(Act.RunNow)),
        (1, Gen.Const(Act.Pause)), (2, Gen.Const(Act.Resume)), (1, Gen.Const(Act.Backfill)), (1, Gen.Const(Act.CancelBackfill)), (1, Gen.Const(Act.Change)));

    private static readonly Gen<(Act, TimeSpan, int, JobSpec)[]> AnyLife = Gen.Select(AnyAct, Jump, Gen.Int[0, 99], AnySpec).Array[1, 60];

    [Fact]
    public void Every_instant_is_decided_once_and_every_policy_keeps_its_word() => Gen.Select(AnySpec, AnyLife).Sample((spec, steps) =>
    {
        var life = new Life(spec);
        foreach (var (act, jump, dice, next) in steps)
        {
            life.Live(act, jump, dice, next);
        }

        life.ComeToRest();
        life.CheckLedger();
    }, iter: 700);

    private sealed record Doc(ExecutionResult Result, int? ExitStatus, DateTimeOffset At);

    /// <summary>A job with the world around it, as its grain and the workers make it of the planner's decisions.</summary>
    private sealed class Life
    {
        private readonly List<(DateTimeOffset From, JobSpec Spec)> _inForce = [];
        private readonly Dictionary<ExecutionId, Doc> _documents = [];
        private readonly HashSet<ExecutionId> _decided = [];
        private readonly List<ExecutionId> _started = [];
        private readonly HashSet<ExecutionId> _toEnd = [];
        private readonly List<ExecutionId> _running = [];
        private DateTimeOffset _now = Born;
        private JobDocument _job;

        public Life(JobSpec spec)
        {
            _job = JobPlanner.Create(new CreateJob(SomeJob.Id, spec), null, Born);
            _inForce.Add((Born, spec));
        }

        public void Live(Act act, TimeSpan jump, int dice, JobSpec spec)
        {
            _now += jump;
            switch (act)
            {
                case Act.Wake:
                    Wake();
                    break;
                case Act.Claim:
                    Claim();
                    break;
                case Act.End or Act.EndWithoutTelling:
                    if (_running.Count > 0)
                    {
                        End(_running[dice % _running.Count], dice, told: act == Act.End);
                    }

                    break;
                case Act.RunNow:
                    Take(JobPlanner.RunNow(_job, null, null, _now).Job);
                    break;
                case Act.Pause or Act.Resume:
                    Change(JobPlanner.SetEnabled(_job, act == Act.Resume, _now));
                    break;
                case Act.Change:
                    Change(JobPlanner.Update(_job, spec with { Enabled = _job.Spec.Enabled }, null, _now));
                    break;
                case Act.Backfill:
                    var asked = new RequestBackfill(_now.AddMinutes(-130 - dice), _now.AddMinutes(-dice), _job.Spec.OverlapPolicy == OverlapPolicy.Allow ? 1 + (dice % 3) : 1);
                    if (BackfillRules.Check(_job, asked, _now).Count == 0)
                    {
                        Take(JobPlanner.RequestBackfill(_job, asked, null, null, _now).Job);
                    }

                    break;
                case Act.CancelBackfill:
                    var cancel = JobPlanner.CancelBackfill(_job, 1 + (dice % 3), _now);
                    Take(cancel.Job);
                    Drop(cancel.ToDrop, ExecutionResult.Cancelled);
                    break;
            }
        }

        /// <summary>Nothing more is asked for, and workers take and end everything: it must all be over some time.</summary>
        public void ComeToRest()
        {
            Wake();
            Change(JobPlanner.SetEnabled(_job, false, _now));
            for (var i = 0; i < 20_000 && (_job.Open.Count > 0 || _job.Unrecorded.Count > 0 || _job.Backfills?.Any(backfill => backfill.EndedAt is null) == true); i++)
            {
                _now = _job.WakeAt is { } wakeAt && wakeAt > _now ? wakeAt : _now.AddSeconds(1);
                Wake();
                Claim();
                foreach (var id in _running.ToList())
                {
                    End(id, dice: i, told: i % 2 == 0);
                }
            }

            Assert.Equal((0, 0, null), (_job.Open.Count, _job.Unrecorded.Count, _job.WakeAt));
            Assert.DoesNotContain(_documents, pair => pair.Value.Result == ExecutionResult.Running);
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
                    expected.AddRange(MinuteWalk.Between(spec.Time, TimeZoneInfo.FindSystemTimeZoneById(spec.Timezone), from, to, spec.DstGap, spec.DstOverlap)
                        .Select(fireTime => ExecutionId.Scheduled(SomeJob.Id, fireTime)));
                }
            }

            // Each fire time has one execution with a result, or one recorded reason; and nothing else has.
            Assert.Equal(expected, _documents.Keys.Where(id => id is { IsScheduled: true, Attempt: 1 }).OrderBy(id => id.FireTime));
            Assert.Equal(_started.Count, _started.Distinct().Count());
            foreach (var backfill in _job.Backfills ?? [])
            {
                var ran = _documents.Keys.Where(id => id.Backfill == backfill.Number && id.Attempt == 1).ToList();
                Assert.Equal(backfill.Launched, ran.Count);
                Assert.All(ran, id => Assert.True(id.FireTime >= backfill.From && id.FireTime < backfill.To));
            }
        }

        // As the grain does it: what became of the open ones, the plan, then what it asks to be done.
        private void Wake()
        {
            bool behind;
            do
            {
                foreach (var owed in _job.Open.Where(owed => _documents.TryGetValue(owed.Launch.ExecutionId, out var doc) && doc.Result.IsFinal()).ToList())
                {
                    Take(JobPlanner.Finished(_job, EndOf(owed.Launch.ExecutionId), _now).Job);
                }

                var plan = JobPlanner.Plan(_job, _now);
                behind = plan.IsBehind;
                Take(plan.Job);
                if (JobPlanner.NextOfBackfill(_job) is { } look)
                {
                    var succeeded = _documents.Where(pair => pair.Key.Manual == 0 && pair.Value.Result is ExecutionResult.Succeeded or ExecutionResult.Running).Select(pair => pair.Key.FireTime).ToHashSet();
                    Take(JobPlanner.PlanBackfill(_job, look, succeeded, _now).Job);
                }

                Drop([.. JobPlanner.Overdue(_job, _now)], ExecutionResult.Missed);
                foreach (var owed in JobPlanner.Replaced(_job))
                {
                    if (!Drop([owed], ExecutionResult.Skipped))
                    {
                        _toEnd.Add(owed.Launch.ExecutionId);
                    }
                }

                foreach (var passed in _job.Unrecorded)
                {
                    _documents.TryAdd(passed.ExecutionId, new Doc(passed.Result, null, _now));
                }

                Take(JobPlanner.Recorded(_job, [.. _job.Unrecorded.Select(passed => passed.ExecutionId)], _now).Job);
            }
            while (behind);
        }

        private void Claim()
        {
            foreach (var owed in _job.Open.Where(owed => JobPlanner.MayStart(owed, _now)).ToList())
            {
                var id = owed.Launch.ExecutionId;
                if (!_documents.TryAdd(id, new Doc(ExecutionResult.Running, null, _now)))
                {
                    continue;
                }

                _started.Add(id);
                _running.Add(id);
                Assert.True(_now >= (owed.Launch.DueAt ?? id.FireTime), "it started before it was due");
                Assert.True(id.Attempt <= 1 + 3);
                if (id.Attempt > 1)
                {
                    var text = id.ToString();
                    var before = ExecutionId.Parse(id.Attempt == 2 ? text[..^3] : $"{text[..^1]}{id.Attempt - 1}");
                    var result = _documents[before].Result;
                    Assert.True(result is ExecutionResult.Failed or ExecutionResult.TimedOut or ExecutionResult.Lost, $"{before} was retried though it {result}");
                }
            }
        }

        private void End(ExecutionId id, int dice, bool told)
        {
            var result = _toEnd.Remove(id) ? ExecutionResult.Cancelled
                : (ExecutionResult[])[ExecutionResult.Succeeded, ExecutionResult.Failed, ExecutionResult.TimedOut, ExecutionResult.Lost] is var results ? results[dice % 4] : default;
            _running.Remove(id);
            _documents[id] = new Doc(result, result == ExecutionResult.Failed ? dice % 3 == 0 ? 75 : 1 : null, _now);
            for (var times = told ? 1 + (dice % 2) : 0; times > 0; times--) // the message may be lost, and may come twice
            {
                Take(JobPlanner.Finished(_job, EndOf(id), _now).Job);
            }
        }

        private ExecutionEnd EndOf(ExecutionId id) => new(id, _documents[id].Result, _documents[id].ExitStatus, _documents[id].At);

        private bool Drop(IReadOnlyList<OwedLaunch> candidates, ExecutionResult result)
        {
            var all = true;
            foreach (var owed in candidates)
            {
                if (_documents.TryAdd(owed.Launch.ExecutionId, new Doc(result, null, _now)))
                {
                    Take(JobPlanner.Finished(_job, owed.Launch.ExecutionId, _now).Job);
                }
                else
                {
                    all = false;
                }
            }

            return all;
        }

        private void Change(JobChange change)
        {
            var before = _job.Version;
            Take(change.Job);
            if (change.IsApplied && _job.Version != before)
            {
                _inForce.Add((_job.UpdatedAt, _job.Spec));
            }

            Drop(change.ToDrop, ExecutionResult.Skipped);
            if (!change.IsApplied)
            {
                Wake();
            }
        }

        /// <summary>Writes down what is new in the document, and checks what must hold of every document.</summary>
        private void Take(JobDocument next)
        {
            var before = Ids(_job).ToHashSet();
            foreach (var id in Ids(next).Where(id => !before.Contains(id)))
            {
                Assert.True(_decided.Add(id), $"{id} was decided twice");
                Assert.True(id.Attempt <= 1 + (next.Spec.Retries?.Count ?? 0), $"{id} is an attempt too many");
            }

            Assert.True(next.PlannedUpTo >= _job.PlannedUpTo, "the mark went back");
            Assert.True(next.Unrecorded.Count <= JobPlanner.MaxUnrecorded + Overlap.MostOpenLaunches);
            CheckOpen(next);
            if (next.Open.Count > 0 || next.Unrecorded.Count > 0)
            {
                Assert.NotNull(next.WakeAt);
            }

            _job = next;
        }

        private void CheckOpen(JobDocument next)
        {
            var waiting = next.Open.Where(owed => owed.Waits).Select(owed => owed.Launch.ExecutionId.FireTime).ToList();
            Assert.Equal(waiting.Order(), waiting);
            var scheduled = next.Open.Count(owed => owed.Launch.ExecutionId.IsScheduled);
            Assert.True(scheduled <= Overlap.MostOpenLaunches + 1, $"{scheduled} launches are open");

            // What one policy let in goes on under the next: only lives of one overlap policy are judged by it.
            if (_inForce.Any(version => version.Spec.OverlapPolicy != next.Spec.OverlapPolicy || version.Spec.QueueLimit != next.Spec.QueueLimit))
            {
                return;
            }

            var free = next.Open.Where(owed => !owed.Waits && owed.Launch.ExecutionId.Manual == 0).ToList();
            if (next.Spec.OverlapPolicy != OverlapPolicy.Allow)
            {
                Assert.True(free.Count <= 1, "two that must not overlap may start");
                Assert.True(waiting.Count <= (next.Spec.OverlapPolicy == OverlapPolicy.Queue ? next.Spec.QueueLimit : 1), "too many wait");
                Assert.True(next.Open.Count == 0 || next.Open.Any(owed => !owed.Waits), "all wait, and for nothing");
            }
            else
            {
                Assert.Empty(waiting);
                Assert.All(next.Backfills ?? [], backfill => Assert.True(free.Count(owed => owed.Launch.ExecutionId.Backfill == backfill.Number) <= backfill.MaxConcurrent));
            }
        }

        private static IEnumerable<ExecutionId> Ids(JobDocument job) =>
            job.Open.Select(owed => owed.Launch.ExecutionId).Concat(job.Unrecorded.Select(passed => passed.ExecutionId));
    }
}
