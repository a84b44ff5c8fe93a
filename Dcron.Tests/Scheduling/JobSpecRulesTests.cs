using Dcron.Grains.Jobs;
using Dcron.Grains.Jobs.Planning;
using static Dcron.Tests.Scheduling.SomeJob;

namespace Dcron.Tests.Scheduling;

public sealed class JobSpecRulesTests
{
    public static TheoryData<string, string> Wrong { get; } = new()
    {
        { "time", "the 2nd field (hour) is '24'" },
        { "time never", "never fires" },
        { "time null", "is empty" },
        { "timezone", "did you mean 'Europe/Lisbon'" },
        { "ends_at before", "must be later than starts_at (2026-03-01T12:00:00.000Z)" },
        { "ends_at never", "comes before the first fire time" },
        { "starts_at", "between 1970 and 2399" },
        { "name empty", "1 to 200 characters" },
        { "name long", "1 to 200 characters" },
        { "name control", "without control characters" },
        { "name turned around", "nor any that turn it around" },
        { "name surrogate", "without control characters" },
        { "name space", "must not begin or end with a space" },
        { "name id", "must not look like a job id" },
        { "args many", "args has 101 entries; at most 100" },
        { "args nul", "args entry 2 contains a NUL" },
        { "args long", "args entry 1 is longer than 32 KiB" },
        { "args surrogate", "args entry 1 is not valid Unicode" },
        { "env name", "env variable '1A' is no variable name" },
        { "env dcron", "begins with DCRON_" },
        { "env nul", "NUL character" },
        { "env large", "env must not exceed 128 KiB" },
        { "timeout_seconds 0", "timeout_seconds must be 0.1 to 2592000 (30 days)" },
        { "timeout_seconds nan", "timeout_seconds must be 0.1" },
        { "timeout_seconds long", "timeout_seconds must be 0.1" },
        { "labels key", "labels entry 'a b': key and value must be 1 to 63" },
        { "labels value", "labels entry 'a': key and value must be 1 to 63" },
        { "labels many", "labels has 51 entries; at most 50" },
        { "worker_selector", "worker_selector entry 'ü'" },
        { "script_type", "script_type must be the name of an interpreter" },
        { "script_location", "script_location must have the form s3://bucket/key" },
        { "overlap_policy", "overlap_policy must be one of skip, allow, queue, replace" },
        { "misfire_policy", "misfire_policy must be one of run_latest, skip, run_all" },
        { "args whole", "must not exceed 256 KiB" },
    };

    [Fact]
    public void A_plain_spec_and_one_at_all_limits_are_valid()
    {
        var full = Spec("H H * * 1-5") with
        {
            Name = new string('n', 200),
            Timezone = "Europe/Lisbon",
            Args = [.. Enumerable.Repeat("x", 99), new string('ä', 16 * 1024)],
            Env = new Dictionary<string, string> { ["PATH"] = "/bin", ["HOME"] = "/", ["LANG"] = "C", ["_a1"] = new string('x', 120 * 1024) },
            TimeoutSeconds = 0.1,
            StartsAt = At("12:00"),
            EndsAt = At("2026-12-01"),
            Labels = Enumerable.Range(0, 50).ToDictionary(i => $"team/{i}", _ => new string('v', 63)),
            WorkerSelector = new Dictionary<string, string> { ["disk.type"] = "ssd_1-a" },
            ScriptType = "python3.12-venv_a",
        };

        Assert.Empty(JobSpecRules.Check(Spec(), Id));
        Assert.Empty(JobSpecRules.Check(full, Id, At("10:00")));
    }

    [Theory]
    [MemberData(nameof(Wrong))]
    public void A_wrong_field_is_named_with_a_sentence(string what, string expected)
    {
        var error = Assert.Single(JobSpecRules.Check(Make(what), Id));

        Assert.Equal(what.Split(' ')[0], error.Field);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_errors_are_told_at_once()
    {
        var spec = Spec("x") with { Timezone = "Nowhere", ScriptType = "", ScriptLocation = "a.py", Name = "", TimeoutSeconds = -1, Args = ["\0"] };

        Assert.Equal(
            ["time", "timezone", "script_type", "script_location", "name", "args", "timeout_seconds"],
            JobSpecRules.Check(spec, Id).Select(error => error.Field));
    }

    [Fact]
    public void A_new_job_whose_time_is_over_is_refused_but_may_be_updated()
    {
        var spec = Spec() with { EndsAt = At("09:00") };

        Assert.Empty(JobSpecRules.Check(spec, Id));
        var error = Assert.Single(JobSpecRules.Check(spec, Id, At("10:00")));
        Assert.Equal(("ends_at", "ends_at lies in the past (it is 2026-03-01T10:00:00.000Z now), so the job would never fire; leave it out for no end"), (error.Field, error.Message));
        Assert.Contains("before the first fire time", Assert.Single(JobSpecRules.Check(spec with { EndsAt = At("10:30") }, Id, At("10:00:01"))).Message, StringComparison.Ordinal);
    }

    private static JobSpec Make(string what) => what switch
    {
        "time" => Spec("0 24 * * *"),
        "time never" => Spec("0 0 31 2 *"),
        "time null" => Spec(null!),
        "timezone" => Spec() with { Timezone = "Europe/Lisboa" },
        "ends_at before" => Spec() with { StartsAt = At("12:00"), EndsAt = At("12:00") },
        "ends_at never" => Spec() with { StartsAt = At("12:01"), EndsAt = At("13:00") },
        "starts_at" => Spec() with { StartsAt = At("1969-12-31") },
        "name empty" => Spec() with { Name = "" },
        "name long" => Spec() with { Name = new string('n', 201) },
        "name control" => Spec() with { Name = "a\nb" },
        "name turned around" => Spec() with { Name = "a\u202eb" },
        "name surrogate" => Spec() with { Name = "a\ud800b" },
        "name space" => Spec() with { Name = "a " },
        "name id" => Spec() with { Name = JobId.New(At("10:00")).Value },
        "args many" => Spec() with { Args = [.. Enumerable.Repeat("x", 101)] },
        "args nul" => Spec() with { Args = ["a", "b\0"] },
        "args long" => Spec() with { Args = [new string('ä', (16 * 1024) + 1)] },
        "args surrogate" => Spec() with { Args = ["\udc00"] },
        "env name" => Spec() with { Env = Pair("1A", "x") },
        "env dcron" => Spec() with { Env = Pair("DCRON_JOB_ID", "x") },
        "env nul" => Spec() with { Env = Pair("A", "\0") },
        "env large" => Spec() with { Env = Pair("A", new string('x', 128 * 1024)) },
        "timeout_seconds 0" => Spec() with { TimeoutSeconds = 0 },
        "timeout_seconds nan" => Spec() with { TimeoutSeconds = double.NaN },
        "timeout_seconds long" => Spec() with { TimeoutSeconds = (30 * 24 * 3600) + 1 },
        "labels key" => Spec() with { Labels = Pair("a b", "x") },
        "labels value" => Spec() with { Labels = Pair("a", new string('x', 64)) },
        "labels many" => Spec() with { Labels = Enumerable.Range(0, 51).ToDictionary(i => $"k{i}", _ => "v") },
        "worker_selector" => Spec() with { WorkerSelector = Pair("ü", "x") },
        "script_type" => Spec() with { ScriptType = "Python" },
        "script_location" => Spec() with { ScriptLocation = "/tmp/a.py" },
        "overlap_policy" => Spec() with { OverlapPolicy = (OverlapPolicy)7 },
        "misfire_policy" => Spec() with { MisfirePolicy = (MisfirePolicy)7 },
        "args whole" => Spec() with { Args = [.. Enumerable.Repeat(new string('x', 30 * 1024), 9)] },
        _ => throw new ArgumentOutOfRangeException(nameof(what), what, null),
    };

    private static Dictionary<string, string> Pair(string key, string value) => new() { [key] = value };
}
