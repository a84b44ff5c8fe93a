using System.Text.Json;
using System.Text.Json.Serialization;
using Dcron.Api.Jobs;
using Dcron.Api.Requests;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Dcron.Grains.Secrets;

namespace Dcron.Tests.Api;

public sealed class JobSpecReaderTests
{
    private const string Least = """ "time":"* * * * *","script_type":"ruby","script_location":"s3://dcron/a.rb" """;

    [Fact]
    public void The_three_required_fields_are_enough()
    {
        var spec = Valid($"{{{Least}}}");
        Assert.Equal(("* * * * *", "ruby", "s3://dcron/a.rb", "UTC", true), (spec.Time, spec.ScriptType, spec.ScriptLocation, spec.Timezone, spec.Enabled));
        Assert.Null(spec.Name);
        Assert.Empty(spec.Args);
    }

    [Fact]
    public void Every_field_is_read()
    {
        var spec = Valid($$"""
            {{{Least}}, "name":"n", "timezone":"Europe/Lisbon", "args":["-x",""], "env":{"A":"1"}, "timeout_seconds":1.5, "starts_at":"2026-03-29T02:00:00+01:00",
             "ends_at":"2027-01-01T00:00:00Z", "enabled":false, "labels":{"team":"ops"}, "worker_selector":{"zone":"eu"}, "overlap_policy":"skip", "misfire_policy":"run_latest"}
            """);
        Assert.Equal(("n", "Europe/Lisbon", 1.5, false), (spec.Name, spec.Timezone, spec.TimeoutSeconds, spec.Enabled));
        Assert.Equal(["-x", ""], spec.Args);
        Assert.Equal("1", spec.Env["A"]);
        Assert.Equal(new DateTimeOffset(2026, 3, 29, 1, 0, 0, TimeSpan.Zero), spec.StartsAt);
        Assert.Equal(new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero), spec.EndsAt);
        Assert.Equal("ops", spec.Labels["team"]);
        Assert.Equal("eu", spec.WorkerSelector["zone"]);
    }

    [Fact]
    public void A_variable_may_come_from_a_secret()
    {
        var spec = Valid($$"""{{{Least}}, "namespace":"payments", "env":{"A":"1", "P":{"secret":"db-password"}, "K":{"secret":"tls.key","as":"file"} } }""");
        Assert.Equal("payments", spec.Namespace);
        Assert.Equal("1", Assert.Single(spec.Env).Value);
        Assert.Equal(new SecretReference("db-password"), spec.Secrets!["P"]);
        Assert.Equal(new SecretReference("tls.key", AsFile: true), spec.Secrets["K"]);
        Assert.Equal("""{"A":"1","K":{"secret":"tls.key","as":"file"},"P":{"secret":"db-password"}}""", JsonSerializer.Serialize(EnvValue.Of(spec)));
        Assert.Null(Valid($$"""{{{Least}}, "namespace":"default", "env":{"A":"1"} }""").Namespace);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{\"secret\":1}")]
    [InlineData("{\"secret\":\"a\",\"as\":\"env\"}")]
    [InlineData("{\"secret\":\"a\",\"value\":\"b\"}")]
    public void A_secret_is_named_by_its_name_alone(string value) =>
        Assert.Contains("must be a text, or {\"secret\": \"name\"}", Assert.Single(Errors("{" + Least + ", \"env\":{\"A\":" + value + "}}").Messages["env.A"]), StringComparison.Ordinal);

    [Fact]
    public void Null_is_the_same_as_absent()
    {
        Assert.Equal("UTC", Valid($$"""{{{Least}}, "timezone":null, "args":null, "retries_":null}""".Replace(", \"retries_\":null", "", StringComparison.Ordinal)).Timezone);
        Assert.Equal(["is required"], Errors("""{"time":null,"script_type":"ruby","script_location":"s3://dcron/a"}""").Messages["time"]);
    }

    [Theory]
    [InlineData("time")]
    [InlineData("script_type")]
    [InlineData("script_location")]
    public void A_missing_field_is_named(string field)
    {
        var (errors, malformed) = Errors("{}");
        Assert.Equal(["is required"], errors[field]);
        Assert.True(malformed);
    }

    [Theory]
    [InlineData("cron", "did you mean 'time'?")]
    [InlineData("scriptType", "did you mean 'script_type'?")]
    [InlineData("script-location", "did you mean 'script_location'?")]
    [InlineData("timezon", "did you mean 'timezone'?")]
    [InlineData("Timeout", "did you mean 'timeout_seconds'?")]
    [InlineData("environment", "did you mean 'env'?")]
    [InlineData("zzzzzzzzz", "there are args, dst_gap")]
    [InlineData("job_id", "is answered by dcron")]
    [InlineData("next_fire_times", "is answered by dcron")]
    public void An_unknown_field_is_refused_by_name(string field, string says)
    {
        var (errors, malformed) = Errors($$"""{{{Least}}, "{{field}}":1}""");
        Assert.Contains(says, Assert.Single(errors[field]), StringComparison.Ordinal);
        Assert.True(malformed);
    }

    [Fact]
    public void What_this_version_does_not_have_is_refused_and_not_malformed()
    {
        var (errors, malformed) = Errors($$"""{{{Least}}, "max_concurrent":3, "overlap_policy":"forbid", "misfire_policy":"all"}""");
        Assert.Contains("not in this version", Assert.Single(errors["max_concurrent"]), StringComparison.Ordinal);
        Assert.Equal("must be one of skip, allow, queue, replace", Assert.Single(errors["overlap_policy"]));
        Assert.Equal("must be one of run_latest, skip, run_all", Assert.Single(errors["misfire_policy"]));
        Assert.False(malformed);
    }

    [Fact]
    public void Every_policy_is_read()
    {
        var spec = Valid("{" + Least + """
            , "overlap_policy":"queue", "queue_limit":5, "misfire_policy":"run_all", "starting_deadline_seconds":600.5, "jitter_seconds":30,
             "dst_gap":"skip", "dst_overlap":"second", "retries":{"count":3, "backoff":"fixed", "delay_seconds":2, "max_delay_seconds":20, "jitter":0.5, "on_exit_codes":[75,1], "on":["failed","lost"]}}
            """);
        Assert.Equal((OverlapPolicy.Queue, 5, MisfirePolicy.RunAll), (spec.OverlapPolicy, spec.QueueLimit, spec.MisfirePolicy));
        Assert.Equal((600.5, 30, DstGap.Skip, DstOverlap.Second), (spec.StartingDeadlineSeconds, spec.JitterSeconds, spec.DstGap, spec.DstOverlap));
        var retries = spec.Retries!;
        Assert.Equal((3, RetryBackoff.Fixed, 2, 20, 0.5), (retries.Count, retries.Backoff, retries.DelaySeconds, retries.MaxDelaySeconds, retries.Jitter));
        Assert.Equal([75, 1], retries.OnExitCodes);
        Assert.Equal([ExecutionResult.Failed, ExecutionResult.Lost], retries.On!);
    }

    [Fact]
    public void Standard_error_is_merged_unless_it_is_to_be_marked()
    {
        Assert.Equal(StderrMode.Merged, Valid($$"""{{{Least}}}""").Stderr);
        Assert.Equal(StderrMode.Marked, Valid($$"""{{{Least}}, "stderr":"marked"}""").Stderr);
        Assert.Equal("must be one of merged, marked", Assert.Single(Errors($$"""{{{Least}}, "stderr":"red"}""").Messages["stderr"]));
        Assert.Equal("must be a text, not true or false; there are merged, marked", Assert.Single(Errors($$"""{{{Least}}, "stderr":true}""").Messages["stderr"]));
    }

    [Fact]
    public void Retries_need_no_more_than_their_count()
    {
        var retries = Valid("{" + Least + """, "retries":{"count":2}}""").Retries!;
        Assert.Equal((2, RetryBackoff.Exponential, 10, 3600, 0, null), (retries.Count, retries.Backoff, retries.DelaySeconds, retries.MaxDelaySeconds, retries.Jitter, retries.On));
        Assert.Empty(retries.OnExitCodes);
        Assert.Equal(7200, Valid("{" + Least + """, "retries":{"count":2, "delay_seconds":7200}}""").Retries!.MaxDelaySeconds);
    }

    [Theory]
    [InlineData("retries", "3", "must be an object, such as {\"count\": 3}, not a number")]
    [InlineData("retries.count", "{}", "is required: how many attempts may follow the first")]
    [InlineData("retries.count", "{\"count\":1.5}", "must be a whole number")]
    [InlineData("retries.max_attempts", "{\"count\":1,\"max_attempts\":3}", "did you mean 'count'?")]
    [InlineData("retries.zzzzzzz", "{\"count\":1,\"zzzzzzz\":3}", "there are backoff, count, delay_seconds")]
    [InlineData("retries.delay_seconds", "{\"count\":1,\"delay_seconds\":\"5s\"}", "must be a number, not a text")]
    [InlineData("retries.on_exit_codes", "{\"count\":1,\"on_exit_codes\":7}", "must be an array of numbers")]
    [InlineData("retries.on_exit_codes[0]", "{\"count\":1,\"on_exit_codes\":[\"7\"]}", "must be a whole number, not a text")]
    [InlineData("retries.on[1]", "{\"count\":1,\"on\":[\"lost\",\"broken\"]}", "must be failed, timed_out or lost")]
    public void A_wrong_field_of_retries_is_named(string field, string value, string says) =>
        Assert.Contains(says, Assert.Single(Errors($$"""{{{Least}}, "retries":{{value}}}""").Messages[field]), StringComparison.Ordinal);

    [Theory]
    [InlineData("time", "5", "must be a text, not a number")]
    [InlineData("name", "{}", "must be a text, not an object")]
    [InlineData("args", "\"x\"", "must be an array of texts")]
    [InlineData("args[1]", "[\"x\",1]", "must be a text, not a number")]
    [InlineData("env", "[]", "must be an object of texts")]
    [InlineData("env.A", "{\"A\":1}", "must be a text, not a number")]
    [InlineData("timeout_seconds", "\"5\"", "must be a number of seconds, not a text")]
    [InlineData("timeout_seconds", "1e999", "must be a number of seconds")]
    [InlineData("starts_at", "\"2026-01-01\"", "must be an RFC 3339 time")]
    [InlineData("starts_at", "\"2026-01-01T00:00:00\"", "with its offset")]
    [InlineData("ends_at", "17", "not a number")]
    [InlineData("enabled", "\"true\"", "must be true or false, not a text")]
    [InlineData("overlap_policy", "3", "must be a text, not a number")]
    public void A_wrong_type_says_which_is_right(string field, string value, string says)
    {
        var name = field.Split('.', '[')[0];
        var others = string.Join(",", Least.Split(',').Where(part => !part.Contains($"\"{name}\"", StringComparison.Ordinal)));
        var (errors, malformed) = Errors($$"""{{{others}}, "{{name}}":{{value}}}""");
        Assert.Contains(says, Assert.Single(errors[field]), StringComparison.Ordinal);
        Assert.True(malformed);
    }

    [Fact]
    public void All_errors_are_told_at_once_those_of_the_rules_included()
    {
        var reading = JobSpecReader.Read(Json("""{"time":5,"script_type":"ruby","scrpt":1,"timezone":"Mars"}"""), (spec, errors) =>
        {
            errors.Add("time", "judged from a placeholder, and so never told");
            errors.Add("timezone", $"unknown zone {spec.Timezone}");
        });
        var found = Assert.IsType<JobSpecReading.Invalid>(reading).Errors.ToDictionary();
        Assert.Equal(["script_location", "scrpt", "time", "timezone"], found.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["unknown zone Mars"], found["timezone"]);
        Assert.Equal(["must be a text, not a number"], found["time"]);
    }

    [Fact]
    public void A_long_unknown_name_is_cut_in_the_answer() =>
        Assert.All(Errors($$"""{{{Least}}, "{{new string('q', 5000)}}":1}""").Messages.Keys, field => Assert.True(field.Length <= 101));

    [Fact]
    public void Every_field_of_a_spec_can_be_set_and_is_answered()
    {
        // Secrets are a part of env; fields of newer versions are kept and not told; what is derived from other fields has no name in JSON.
        var fields = typeof(JobSpec).GetProperties().Where(p => p.GetCustomAttributes(typeof(JsonIgnoreAttribute), false) is not [JsonIgnoreAttribute { Condition: JsonIgnoreCondition.Always }])
            .Select(p => p.Name).Where(name => name is not ("EqualityContract" or nameof(JobSpec.Secrets) or nameof(JobSpec.Unknown))).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName).Order(StringComparer.Ordinal).ToList();
        var answered = typeof(JobSpecView).GetProperties().Select(p => JsonNamingPolicy.SnakeCaseLower.ConvertName(p.Name)).Order(StringComparer.Ordinal);
        Assert.Equal(fields, JobFields.Readers.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(fields, answered);
    }

    private static JobSpec Valid(string json) => Assert.IsType<JobSpecReading.Valid>(JobSpecReader.Read(Json(json), (_, _) => { })).Spec;

    private static (IReadOnlyDictionary<string, IReadOnlyList<string>> Messages, bool Malformed) Errors(string json)
    {
        var errors = Assert.IsType<JobSpecReading.Invalid>(JobSpecReader.Read(Json(json), (_, _) => { })).Errors;
        return (errors.ToDictionary(), errors.Malformed);
    }

    private static JsonElement Json(string json) => JsonDocument.Parse(json).RootElement;
}
