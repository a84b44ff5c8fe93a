using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Ledger;
using Dcron.Grains.Workers;

namespace Dcron.Tests.Workers;

public sealed class SpoolTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 3, 29, 1, 0, 0, TimeSpan.Zero);

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Starts_outlive_the_process_until_the_store_has_them()
    {
        using (var killed = At(1))
        {
            for (var n = 1; n <= 3; n++)
            {
                Assert.True(killed.TryAppend(StartOf(n), out _));
            }

            killed.Journal.StartsStored(killed.Journal.UnstoredStarts(1));
            killed.Create(Claim(1)).Delete();
        }

        using var next = At(2);
        Assert.Empty(next.Leftovers());
        var journal = Assert.Single(next.EarlierJournals);
        Assert.Equal(["2", "3"], journal.UnstoredStarts(10).Select(start => start.StartId));
        next.DeleteEmpty();
        Assert.NotEmpty(Directory.EnumerateFileSystemEntries(_folder.Of("spool")));

        using var last = At(3);
        last.Leftovers();
        last.EarlierJournals[0].StartsStored(journal.UnstoredStarts(10));
        last.DeleteEmpty();
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Of("spool")));
    }

    [Fact]
    public void Starts_that_two_have_stored_at_the_same_time_are_forgotten_once()
    {
        using (var spool = At(1))
        {
            spool.TryAppend(StartOf(1), out _);
            var (one, other) = (spool.Journal.UnstoredStarts(10), spool.Journal.UnstoredStarts(10));
            spool.TryAppend(StartOf(2), out _);
            spool.Journal.StartsStored(one);
            spool.Journal.StartsStored(other);
            Assert.Equal(["2"], spool.Journal.UnstoredStarts(10).Select(start => start.StartId));
        }

        using var next = At(2);
        next.Leftovers();
        Assert.Equal(["2"], Assert.Single(next.EarlierJournals).UnstoredStarts(10).Select(start => start.StartId));
    }

    [Fact]
    public void The_next_start_finds_the_claim_the_log_and_the_outcome_of_each_execution_in_hand()
    {
        using (var killed = At(1))
        {
            killed.Create(Claim(1));
            var ended = killed.Create(Claim(2));
            File.WriteAllText(ended.LogPath, "hello\n");
            ended.WriteOutcome(OutcomeOf(Claim(2)));
            killed.Create(Claim(3)).Delete();
        }

        using var next = At(2);
        var left = next.Leftovers();

        Assert.Equal([IdOf(1).ToString(), IdOf(2).ToString()], left.Select(entry => entry.Name));
        Assert.Equivalent(Claim(1), left[0].Claim);
        Assert.Null(left[0].Outcome);
        Assert.Null(left[0].LogLength);
        Assert.Equal(OutcomeOf(Claim(2)), left[1].Outcome);
        Assert.Equal(6, left[1].LogLength);
    }

    /// <summary>A node may be killed between opening a log and starting the process.</summary>
    [Fact]
    public void Only_what_is_recorded_as_started_is_called_so_however_often_the_journal_was_written_anew()
    {
        using (var killed = At(1))
        {
            File.WriteAllText(killed.Create(Claim(0)).LogPath, "");
            killed.Create(Claim(1));
            killed.TryAppend(StartOf(1), out _);
            killed.Journal.StartsStored(killed.Journal.UnstoredStarts(10));
            for (var i = 2; i <= 20_000; i++)
            {
                killed.Create(Claim(i)).Delete();
            }
        }

        using var next = At(2);
        var left = next.Leftovers();
        Assert.Equal([null, IdOf(1).FireTime], left.Select(entry => entry.StartedAt));
        var lost = left.Select(entry => SpoolRecovery.LostOf(entry.Claim!, entry.StartedAt, Start)).ToList();
        Assert.Equal([null, IdOf(1).FireTime], lost.Select(document => document.StartedAt));
        Assert.Equal([ExecutionResult.Lost, ExecutionResult.Lost], lost.Select(document => document.ExecutionResult));
        Assert.Contains("before it could record that the script was started", lost[0].Reason, StringComparison.Ordinal);
        Assert.Contains("while the script ran", lost[1].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_finished_from_the_spool_is_not_found_again_and_its_folder_goes()
    {
        using (var killed = At(1))
        {
            File.WriteAllText(killed.Create(Claim(1)).LogPath, "x");
            killed.Create(Claim(2));
        }

        using (var recovering = At(2))
        {
            recovering.Leftovers()[0].Delete(); // and is killed before the second
        }

        using var next = At(3);
        var left = Assert.Single(next.Leftovers());
        Assert.Equal(IdOf(2).ToString(), left.Name);
        left.Delete();
        next.DeleteEmpty();
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Of("spool")));
    }

    [Fact]
    public void A_line_cut_short_is_as_if_it_had_not_been_written()
    {
        using (var killed = At(1))
        {
            killed.Create(Claim(1));
            killed.Create(Claim(2));
        }

        var journal = Path.Combine(_folder.Of("spool"), "1", "journal");
        File.WriteAllBytes(journal, File.ReadAllBytes(journal)[..^10]);

        using var next = At(2);
        Assert.Equal(IdOf(1).ToString(), Assert.Single(next.Leftovers()).Name);
    }

    [Fact]
    public void A_log_without_a_claim_is_found_so_that_it_can_be_removed()
    {
        Directory.CreateDirectory(Path.Combine(_folder.Of("spool"), "1"));
        File.WriteAllText(Path.Combine(_folder.Of("spool"), "1", "stray.log"), "x");

        using var next = At(2);
        var stray = Assert.Single(next.Leftovers());
        Assert.Null(stray.Claim);
        stray.Delete();
        next.DeleteEmpty();

        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder.Of("spool")));
    }

    [Fact]
    public void The_journal_stays_small_while_executions_come_and_go_and_loses_none_that_is_in_hand()
    {
        using (var node = At(1))
        {
            node.Create(Claim(0)).WriteOutcome(OutcomeOf(Claim(0)));
            for (var i = 1; i <= 20_000; i++)
            {
                node.Create(Claim(i)).Delete();
            }
        }

        Assert.InRange(new FileInfo(Path.Combine(_folder.Of("spool"), "1", "journal")).Length, 1, 5 << 20);
        using var next = At(2);
        Assert.Equal(OutcomeOf(Claim(0)), Assert.Single(next.Leftovers()).Outcome);
    }

    private Spool At(int generation) => new(_folder.Of("spool"), generation);

    private static ExecutionId IdOf(int minute) => ExecutionId.Scheduled(JobId.Parse("job1"), Start.AddMinutes(minute));

    private static SpooledClaim Claim(int minute) => new(
        new ExecuteJob
        {
            ExecutionId = IdOf(minute),
            JobId = JobId.Parse("job1"),
            JobName = "nightly",
            ScriptType = "python",
            ScriptLocation = "s3://scripts/one.py",
            ScriptSha256 = "ab",
            JobVersion = 1,
            Trigger = ExecutionTrigger.Schedule,
        },
        "S127.0.0.1:11111:1",
        "token");

    private static ExecutionDocument OutcomeOf(SpooledClaim claim) => new()
    {
        ExecutionId = claim.Launch.ExecutionId,
        JobId = claim.Launch.JobId,
        ExecutionDate = claim.Launch.ExecutionId.FireTime,
        ExecutionResult = ExecutionResult.Succeeded,
        ExitStatus = 0,
        WorkerId = claim.WorkerId,
        Attempt = 1,
        Trigger = ExecutionTrigger.Schedule,
        ClaimToken = claim.Token,
        FinishedAt = claim.Launch.ExecutionId.FireTime.AddSeconds(1),
    };

    private static StartDocument StartOf(int n) => new()
    {
        StartId = n.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ExecutionId = IdOf(n),
        JobId = IdOf(n).JobId,
        ExecutionDate = IdOf(n).FireTime,
        WorkerId = "w",
        ClaimToken = "t",
        StartedAt = IdOf(n).FireTime,
    };
}
