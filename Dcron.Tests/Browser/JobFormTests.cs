using System.Text.Json;
using Dcron.Api.Console;
using Dcron.Api.Console.Editing;
using Dcron.Api.Console.Reading;
using Dcron.Api.Console.SignIn;
using Dcron.Api.Jobs;
using Dcron.Api.Workers;
using Dcron.Grains.Containing;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Secrets;

namespace Dcron.Tests.Browser;

/// <summary>A form becomes the JSON that the API takes, and a job becomes a form.</summary>
public sealed class JobFormTests
{
    private static readonly JobSpec Full = new()
    {
        Time = "*/5 * * * *",
        ScriptType = "python",
        ScriptLocation = "s3://dcron/scripts/a.py",
        Name = "nightly",
        Timezone = "Europe/Lisbon",
        Args = ["--fast", "a b", "x=y", "", "two\nlines", "\"quoted\"", "\"", "tab\tand \u2028", " "],
        Env = new Dictionary<string, string> { ["A"] = "b=c", ["EMPTY"] = "", ["LINES"] = "1\r\n2", ["TEXT"] = "secret:no-secret", ["QUOTED"] = "\"\"", ["SPACE"] = " a " },
        Secrets = new Dictionary<string, SecretReference> { ["PASSWORD"] = new("db-password", false), ["CERT"] = new("cert", true) },
        TimeoutSeconds = 1.5,
        StartsAt = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
        EndsAt = new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero),
        Enabled = false,
        Labels = new Dictionary<string, string> { ["team"] = "ops" },
        WorkerSelector = new Dictionary<string, string> { ["zone"] = "eu" },
        OverlapPolicy = OverlapPolicy.Queue,
        QueueLimit = 3,
        MisfirePolicy = MisfirePolicy.RunAll,
        StartingDeadlineSeconds = 60,
        JitterSeconds = 2.5,
        DstGap = DstGap.Skip,
        DstOverlap = DstOverlap.Both,
        Retries = new RetryPolicy { Count = 3, Backoff = RetryBackoff.Fixed, DelaySeconds = 5, MaxDelaySeconds = 5, Jitter = 0.5, OnExitCodes = [75, 111], On = [ExecutionResult.Failed] },
        Namespace = "payments",
        Limits = new ScriptLimits { MemoryBytes = 1_610_612_736, Processes = 64, OpenFiles = 256, CpuSeconds = 60, FileSizeBytes = 1_000_001, DiskBytes = 2_000_000_001 },
        Network = false,
        Stderr = StderrMode.Marked,
    };

    [Fact]
    public void A_job_survives_the_form()
    {
        var form = JobForm.Of(Full);
        form["enabled_there"] = "1";
        form["enabled"] = ""; // a box that is not ticked is not sent
        Assert.Equivalent(Full, Read(form, Full), strict: true);
        Assert.Equivalent(Full, Read(form, null), strict: true); // a copy
        Assert.Equal(Full.Args, Read(form, null).Args); // in their order
    }

    [Fact]
    public void No_field_of_a_job_is_without_a_place_in_the_form()
    {
        // The sample above has something else than the default in every field that there is, so that what the form loses would be seen.
        var plain = new JobSpec { Time = "", ScriptType = "", ScriptLocation = "" };
        string[] computed = [nameof(JobSpec.InNamespace)];
        string[] ofLaterVersions = [nameof(JobSpec.Unknown)];
        foreach (var (full, empty) in ((object, object)[])[(Full, plain), (Full.Limits!, ScriptLimits.None), (Full.Retries!, new RetryPolicy { Count = 0 })])
        {
            foreach (var property in full.GetType().GetProperties().Where(property => property.CanWrite && !computed.Contains(property.Name) && !ofLaterVersions.Contains(property.Name)))
                Assert.False(Equals(property.GetValue(full), property.GetValue(empty)), $"give {full.GetType().Name}.{property.Name} a value in the sample");
        }

        // And it is not kept by other means than a field that people see.
        var form = JobForm.Of(Full);
        var names = ((IEnumerable<string>)[.. FieldsOf(typeof(JobSpecView)).Except(["retries", "limits"]), .. FieldsOf(typeof(RetryView)).Select(part => $"retries.{part}"), .. FieldsOf(typeof(LimitsView)).Select(part => $"limits.{part}")]).ToList();
        Assert.All(names, name => Assert.NotEqual("", form[name]));
        Assert.Equal([], names.Except(JobFormFields.Shown).ToList());

        static IEnumerable<string> FieldsOf(Type view) => view.GetProperties().Where(property => property.Name != "EqualityContract").Select(property => JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name));
    }

    [Theory]
    [InlineData("512 MiB", 536870912L)]
    [InlineData("1.5G", 1610612736L)]
    [InlineData("1048576", 1048576L)]
    [InlineData("10kib", 10240L)]
    [InlineData("0.3 KiB", null)]
    [InlineData("5 MB", null)]
    [InlineData("much", null)]
    [InlineData("", null)]
    public void Sizes_are_read_in_units_that_mean_one_thing(string text, long? bytes) => Assert.Equal(bytes, FormText.Bytes(text));

    [Fact]
    public void A_limit_that_is_no_size_is_told_by_its_field()
    {
        var form = JobForm.Of(Full);
        form["limits.memory_bytes"] = "5 MB";
        var reading = Assert.IsType<JobSpecReading.Invalid>(Reading(form, Full));
        form.Errors = reading.Errors.ToDictionary();
        Assert.Contains("whole number", Assert.Single(form.ErrorsOf("limits.memory_bytes")), StringComparison.Ordinal);
    }

    [Fact]
    public void Empty_fields_are_left_out_and_no_attempts_are_no_retries()
    {
        var form = JobForm.Of(Full);
        foreach (var field in (string[])["name", "timeout_seconds", "starts_at", "ends_at", "retries.count", "jitter_seconds", "args", "env", "labels", "worker_selector", "network", "limits.memory_bytes", "limits.processes", "limits.open_files", "limits.cpu_seconds", "limits.file_size_bytes", "limits.disk_bytes"])
            form[field] = " ".Trim();
        var spec = Read(form, Full);
        Assert.Equal((null, null, null, null, null, null), (spec.Name, spec.TimeoutSeconds, spec.StartsAt, spec.EndsAt, spec.Retries, spec.JitterSeconds));
        Assert.Empty(spec.Args);
        Assert.Empty(spec.Env);
        Assert.Null(spec.Secrets);
        Assert.Null(spec.Limits);
        Assert.Null(spec.Network);
    }

    [Fact]
    public void A_change_of_what_becomes_of_stderr_is_told_between_versions() => Assert.Equal(
        new FieldChange("stderr", "merged", "marked"), Assert.Single(JobReader.ChangesOf(Full with { Stderr = StderrMode.Merged }, Full)));

    [Fact]
    public void What_cannot_be_read_is_told_by_field()
    {
        var form = JobForm.Of(Full);
        form["timeout_seconds"] = "soon";
        form["retries.count"] = "many";
        form["starts_at"] = "tomorrow";
        var reading = Assert.IsType<JobSpecReading.Invalid>(Reading(form, Full));
        form.Errors = reading.Errors.ToDictionary();
        Assert.NotEmpty(form.ErrorsOf("timeout_seconds"));
        Assert.NotEmpty(form.ErrorsOf("retries.count"));
        Assert.NotEmpty(form.ErrorsOf("starts_at"));
        Assert.Empty(form.OtherErrors(["timeout_seconds", "retries", "starts_at"]));
        Assert.NotEmpty(form.OtherErrors(["timeout_seconds"]));
    }

    [Fact]
    public void Times_without_an_offset_are_meant_in_the_zone()
    {
        var lisbon = TimeZoneInfo.FindSystemTimeZoneById("Europe/Lisbon");
        Assert.Equal(new DateTimeOffset(2026, 7, 1, 11, 30, 0, TimeSpan.Zero), ConsolePages.TimeOf("2026-07-01T12:30", lisbon));
        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), ConsolePages.TimeOf("2026-01-01", lisbon));
        Assert.Equal(new DateTimeOffset(2026, 7, 1, 12, 30, 0, TimeSpan.Zero), ConsolePages.TimeOf("2026-07-01T12:30:00Z", lisbon));
        Assert.Null(ConsolePages.TimeOf("yesterday", lisbon));
    }

    [Theory]
    [InlineData("/jobs?name=x", "/jobs?name=x")]
    [InlineData("//evil.example", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("https://evil.example", "/")]
    [InlineData("/a\r\nb", "/")]
    [InlineData(null, "/")]
    public void After_signing_in_one_goes_on_here_only(string? path, string to) => Assert.Equal(to, SignInEndpoints.SafeReturn(path));

    private static JobSpec Read(JobForm form, JobSpec? current) => Assert.IsType<JobSpecReading.Valid>(Reading(form, current)).Spec;

    private static JobSpecReading Reading(JobForm form, JobSpec? current)
    {
        using var json = JsonDocument.Parse(form.ToJson(current).ToJsonString());
        return JobSpecReader.Read(json.RootElement, (_, _) => { });
    }
}
