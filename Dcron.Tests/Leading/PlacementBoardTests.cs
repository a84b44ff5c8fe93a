using CsCheck;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Leading;
using Dcron.Grains.Workers;

namespace Dcron.Tests.Leading;

public sealed class PlacementBoardTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 29, 1, 0, 0, TimeSpan.Zero);
    private readonly PlacementBoard _board = new();

    [Fact]
    public void Launches_go_round_the_workers_in_turn()
    {
        ReportWorkers("a", "b", "c");
        AddLaunches(6);
        Assert.Equal(["a", "b", "c", "a", "b", "c"], TakeOffers().Select(offer => offer.WorkerId));
    }

    [Fact]
    public void The_turn_goes_on_after_the_worker_used_last()
    {
        ReportWorkers("a", "b", "c");
        AddLaunches(1);
        Accept(TakeOffers());
        AddLaunches(1, from: 10);
        Assert.Equal("b", TakeOffers().Single().WorkerId);
    }

    [Fact]
    public void The_oldest_fire_time_is_offered_first()
    {
        AddLaunches(3);
        ReportWorkers("a");
        Assert.Equal(Start, _board.NextOffer()!.Launch.ExecutionId.FireTime);
    }

    [Fact]
    public void What_is_due_now_comes_before_a_backfill_of_long_ago_and_before_what_jitter_puts_off()
    {
        var backfill = LaunchAt(0) with { ExecutionId = ExecutionId.Backfilled(LaunchAt(0).JobId, Start.AddYears(-1), 1), PlannedAt = Start.AddSeconds(7) };
        _board.Add(backfill);
        _board.Add(LaunchAt(1) with { DueAt = Start.AddSeconds(9) });
        _board.Add(LaunchAt(5));
        ReportWorkers("a", "b", "c");
        Assert.Equal([LaunchAt(5).ExecutionId, backfill.ExecutionId, LaunchAt(1).ExecutionId], TakeOffers().Select(offer => offer.Launch.ExecutionId));
    }

    [Fact]
    public void The_lead_goes_only_to_another_active_worker_that_reaches_the_store()
    {
        foreach (var worker in new[] { Worker("here") with { ReachesStore = true }, Worker("older"), Worker("cut off") with { ReachesStore = false }, Worker("draining") with { ReachesStore = true, State = WorkerState.Draining } })
        {
            _board.Report(worker, Start);
        }

        Assert.Null(_board.AnyReaching(except: "here"));
        _board.Report(Worker("other") with { ReachesStore = true }, Start);
        Assert.Equal("other", _board.AnyReaching(except: "here"));
    }

    [Fact]
    public void A_busy_worker_declines_and_the_launch_goes_to_the_next()
    {
        ReportWorkers("a", "b");
        AddLaunches(1);
        var first = _board.NextOffer()!;
        _board.Answered(first, new ExecuteAnswer.Declined(DeclineReason.Busy, ""));
        var second = _board.NextOffer()!;
        Assert.Equal(first.Launch, second.Launch);
        Assert.NotEqual(first.WorkerId, second.WorkerId);
    }

    [Fact]
    public void When_all_declined_it_waits_until_a_slot_is_freed()
    {
        ReportWorkers("a");
        AddLaunches(1);
        _board.Answered(_board.NextOffer()!, new ExecuteAnswer.Declined(DeclineReason.Busy, ""));
        Assert.Null(_board.NextOffer());
        Assert.Equal(1, _board.PendingCount);
        _board.SlotFreed("a", LaunchAt(99).ExecutionId);
        Assert.NotNull(_board.NextOffer());
    }

    [Fact]
    public void Offers_never_exceed_the_free_slots()
    {
        _board.Report(Worker("a", slots: 2, running: 1), Start);
        AddLaunches(5);
        Assert.Single(TakeOffers());
    }

    [Fact]
    public void An_accepted_launch_holds_its_slot_until_it_is_freed()
    {
        _board.Report(Worker("a", slots: 1), Start);
        AddLaunches(2);
        var offer = _board.NextOffer()!;
        _board.Answered(offer, new ExecuteAnswer.Accepted());
        Assert.Null(_board.NextOffer());
        _board.SlotFreed("a", offer.Launch.ExecutionId);
        _board.SlotFreed("a", offer.Launch.ExecutionId); // told twice: by the worker and by SAVE JOB STATUS
        Assert.NotNull(_board.NextOffer());
        Assert.Null(_board.NextOffer());
    }

    [Fact]
    public void A_lost_release_is_made_good_by_two_reports()
    {
        _board.Report(Worker("a", slots: 1), Start);
        AddLaunches(2);
        _board.Answered(_board.NextOffer()!, new ExecuteAnswer.Accepted());
        _board.Report(Worker("a", slots: 1, running: 0), Start);
        Assert.Null(_board.NextOffer()); // the report may have crossed the acceptance
        _board.Report(Worker("a", slots: 1, running: 0), Start);
        Assert.NotNull(_board.NextOffer());
    }

    [Fact]
    public void A_launch_without_an_answer_is_offered_again()
    {
        ReportWorkers("a", "b");
        AddLaunches(1);
        var first = _board.NextOffer()!;
        _board.Unanswered(first);
        Assert.Equal("b", _board.NextOffer()!.WorkerId);
    }

    [Fact]
    public void A_launch_that_is_decided_already_is_forgotten()
    {
        ReportWorkers("a");
        AddLaunches(1);
        _board.Answered(_board.NextOffer()!, new ExecuteAnswer.AlreadyDecided());
        Assert.Equal(0, _board.PendingCount);
        Assert.Null(_board.NextOffer());
    }

    [Fact]
    public void The_same_launch_is_not_queued_twice()
    {
        AddLaunches(1);
        AddLaunches(1);
        Assert.Equal(1, _board.PendingCount);
    }

    [Fact]
    public void A_launch_that_nobody_can_run_holds_up_no_other()
    {
        ReportWorkers("a");
        _board.Add(LaunchAt(0) with { ScriptType = "cobol" });
        _board.Add(LaunchAt(1));
        Assert.Equal("python", _board.NextOffer()!.Launch.ScriptType);
        Assert.Null(_board.NextOffer());
    }

    [Fact]
    public void Only_workers_with_all_the_labels_are_offered_a_launch()
    {
        var selector = new Dictionary<string, string> { ["zone"] = "x", ["gpu"] = "1" };
        _board.Report(Worker("a") with { Labels = new Dictionary<string, string> { ["zone"] = "x" } }, Start);
        _board.Report(Worker("b") with { Labels = new Dictionary<string, string> { ["gpu"] = "1", ["zone"] = "x", ["more"] = "y" } }, Start);
        _board.Add(LaunchAt(0) with { WorkerSelector = selector });
        Assert.Equal("b", _board.NextOffer()!.WorkerId);
    }

    [Fact]
    public void A_draining_worker_is_offered_nothing()
    {
        _board.Report(Worker("a") with { State = WorkerState.Draining }, Start);
        AddLaunches(1);
        Assert.Null(_board.NextOffer());
    }

    [Fact]
    public void A_worker_that_is_silent_is_offered_nothing()
    {
        _board.Report(Worker("a"), Start);
        _board.Report(Worker("b"), Start + PlacementBoard.Silence + TimeSpan.FromSeconds(1));
        AddLaunches(3);
        Assert.All(TakeOffers(), offer => Assert.Equal("b", offer.WorkerId));
    }

    [Fact]
    public void No_worker_ever_holds_more_than_its_slots_and_no_launch_is_lost() =>
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 2]).Array[1, 200].Sample(steps =>
        {
            var board = new PlacementBoard();
            var offers = new List<Offer>();
            var running = new Dictionary<string, List<ExecutionId>> { ["a"] = [], ["b"] = [], ["c"] = [] };
            var (added, accepted, next) = (0, 0, 0);
            foreach (var name in running.Keys)
            {
                board.Report(Worker(name, slots: 2), Start);
            }

            foreach (var (action, which) in steps)
            {
                var worker = "abc"[which].ToString();
                switch (action)
                {
                    case 0:
                        board.Add(LaunchAt(next++));
                        added++;
                        break;
                    case 1 when board.NextOffer() is { } offer:
                        offers.Add(offer);
                        break;
                    case 2 when offers.Count > 0:
                        var answered = offers[0];
                        offers.RemoveAt(0);
                        board.Answered(answered, new ExecuteAnswer.Accepted());
                        running[answered.WorkerId].Add(answered.Launch.ExecutionId);
                        accepted++;
                        break;
                    case 3 when running[worker].Count > 0:
                        board.SlotFreed(worker, running[worker][0]);
                        running[worker].RemoveAt(0);
                        break;
                    case 4:
                        board.Report(Worker(worker, slots: 2, running: running[worker].Count), Start);
                        break;
                    default:
                        break;
                }

                if (running.Any(pair => pair.Value.Count + offers.Count(offer => offer.WorkerId == pair.Key) > 2))
                {
                    return false;
                }
            }

            return board.PendingCount + offers.Count + accepted == added;
        });

    [Fact]
    public void A_full_worker_is_offered_one_launch_a_slot_ahead()
    {
        Fill("a", slots: 2);
        AddLaunches(5, from: 10);
        Assert.Null(_board.NextOffer());
        Assert.Equal(["a", "a"], TakeOffersAhead().Select(offer => offer.WorkerId));
    }

    [Fact]
    public void Nothing_is_offered_ahead_to_a_worker_with_a_free_slot()
    {
        ReportWorkers("a");
        AddLaunches(1);
        Assert.Null(_board.NextOfferAhead());
    }

    [Fact]
    public void The_slot_that_frees_belongs_to_the_launch_that_waits_for_it()
    {
        var held = Fill("a", slots: 1);
        AddLaunches(3, from: 10);
        var ahead = TakeOffersAhead().Single();
        _board.SlotFreed("a", held[0]);
        Assert.Null(_board.NextOffer());
        _board.Answered(ahead, new ExecuteAnswer.Accepted());
        Assert.Null(_board.NextOffer());
        Assert.Equal(Start.AddSeconds(11), TakeOffersAhead().Single().Launch.ExecutionId.FireTime);
        _board.SlotFreed("a", ahead.Launch.ExecutionId);
        Assert.Null(_board.NextOffer());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_worker_with_a_free_slot_is_offered_what_waits_at_a_full_one(bool itIsFirst)
    {
        Fill("a", slots: 1);
        AddLaunches(1, from: 10);
        var ahead = TakeOffersAhead().Single();
        _board.Report(Worker("b", slots: 1), Start);
        var second = _board.NextOffer()!;
        Assert.Equal(("b", ahead.Launch), (second.WorkerId, second.Launch));
        Assert.Null(_board.NextOffer());

        _board.Answered(itIsFirst ? second : ahead, new ExecuteAnswer.Accepted());
        _board.Answered(itIsFirst ? ahead : second, itIsFirst ? new ExecuteAnswer.Declined(DeclineReason.Busy, "") : new ExecuteAnswer.AlreadyDecided());
        Assert.Equal(0, _board.PendingCount);
        Assert.Null(_board.NextOffer());
    }

    [Fact]
    public void A_launch_that_both_workers_declined_waits_once()
    {
        Fill("a", slots: 1);
        AddLaunches(1, from: 10);
        var ahead = TakeOffersAhead().Single();
        _board.Report(Worker("b", slots: 1), Start);
        var second = _board.NextOffer()!;
        _board.Answered(ahead, new ExecuteAnswer.Declined(DeclineReason.Busy, ""));
        Assert.Equal(0, _board.PendingCount);
        _board.Unanswered(second);
        Assert.Equal(1, _board.PendingCount);
        Assert.Empty(TakeOffersAhead());
        _board.Report(Worker("a", slots: 1, running: 1), Start);
        Assert.Single(TakeOffersAhead());
    }

    [Fact]
    public void Each_launch_runs_once_whoever_it_is_offered_to() =>
        Gen.Select(Gen.Int[0, 6], Gen.Int[0, 2]).Array[1, 300].Sample(steps =>
        {
            var board = new PlacementBoard();
            var offers = new List<Offer>();
            var running = new Dictionary<string, List<ExecutionId>> { ["a"] = [], ["b"] = [], ["c"] = [] };
            var (claimed, next) = (new HashSet<ExecutionId>(), 0);
            foreach (var name in running.Keys)
            {
                board.Report(Worker(name, slots: 2), Start);
            }

            foreach (var (action, which) in steps)
            {
                var worker = "abc"[which].ToString();
                switch (action)
                {
                    case 0 or 1:
                        board.Add(LaunchAt(next++));
                        break;
                    case 2 when (board.NextOffer() ?? board.NextOfferAhead()) is { } offer:
                        offers.Add(offer);
                        break;
                    case 3 when offers.Find(offer => offer.WorkerId == worker) is { } offer && (running[worker].Count < 2 || !offer.Ahead):
                        Answer(offer);
                        break;
                    case 4 when offers.Find(offer => offer.WorkerId == worker && offer.Ahead) is { } offer && running[worker].Count == 2:
                        offers.Remove(offer);
                        board.Answered(offer, new ExecuteAnswer.Declined(DeclineReason.Busy, ""));
                        break;
                    case 5 when running[worker].Count > 0:
                        board.SlotFreed(worker, running[worker][0]);
                        running[worker].RemoveAt(0);
                        break;
                    case 6:
                        board.Report(Worker(worker, slots: 2, running: running[worker].Count), Start);
                        break;
                    default:
                        break;
                }
            }

            // All is brought to its end: nothing may be left over, neither waiting nor run twice.
            while (true)
            {
                foreach (var (worker, held) in running)
                {
                    held.ForEach(id => board.SlotFreed(worker, id));
                    held.Clear();
                    board.Report(Worker(worker, slots: 2), Start);
                    board.Report(Worker(worker, slots: 2), Start);
                }

                while ((board.NextOffer() ?? board.NextOfferAhead()) is { } offer)
                {
                    offers.Add(offer);
                }

                if (offers.Count == 0)
                {
                    return board.PendingCount == 0 && claimed.Count == next;
                }

                offers.ToList().ForEach(Answer);
            }

            void Answer(Offer offer)
            {
                offers.Remove(offer);
                if (claimed.Contains(offer.Launch.ExecutionId))
                {
                    board.Answered(offer, new ExecuteAnswer.AlreadyDecided());
                }
                else if (running[offer.WorkerId].Count == 2)
                {
                    board.Answered(offer, new ExecuteAnswer.Declined(DeclineReason.Busy, ""));
                }
                else
                {
                    claimed.Add(offer.Launch.ExecutionId);
                    running[offer.WorkerId].Add(offer.Launch.ExecutionId);
                    board.Answered(offer, new ExecuteAnswer.Accepted());
                }
            }
        });

    private static WorkerInfo Worker(string id, int slots = 4, int running = 0) => new()
    {
        WorkerId = id,
        Host = id,
        Slots = slots,
        Running = running,
        Interpreters = new Dictionary<string, string> { ["python"] = "3" },
        Labels = new Dictionary<string, string>(),
        State = WorkerState.Active,
    };

    private static ExecuteJob LaunchAt(int second)
    {
        var job = JobId.Parse("j");
        return new ExecuteJob
        {
            ExecutionId = ExecutionId.Scheduled(job, Start.AddSeconds(second)),
            JobId = job,
            JobVersion = 1,
            ScriptType = "python",
            ScriptLocation = "s3://dcron/x.py",
            Trigger = ExecutionTrigger.Schedule,
        };
    }

    private void ReportWorkers(params string[] names)
    {
        foreach (var name in names)
        {
            _board.Report(Worker(name), Start);
        }
    }

    private void AddLaunches(int count, int from = 0)
    {
        for (var i = count - 1; i >= 0; i--)
        {
            _board.Add(LaunchAt(from + i));
        }
    }

    private List<Offer> TakeOffers()
    {
        var offers = new List<Offer>();
        while (_board.NextOffer() is { } offer)
        {
            offers.Add(offer);
        }

        return offers;
    }

    private List<Offer> TakeOffersAhead()
    {
        var offers = new List<Offer>();
        while (_board.NextOfferAhead() is { } offer)
        {
            offers.Add(offer);
        }

        return offers;
    }

    /// <summary>A worker that holds as many executions as it has slots.</summary>
    private List<ExecutionId> Fill(string name, int slots)
    {
        _board.Report(Worker(name, slots), Start);
        AddLaunches(slots);
        var offers = TakeOffers();
        Accept(offers);
        return offers.ConvertAll(offer => offer.Launch.ExecutionId);
    }

    private void Accept(List<Offer> offers) => offers.ForEach(offer => _board.Answered(offer, new ExecuteAnswer.Accepted()));
}
