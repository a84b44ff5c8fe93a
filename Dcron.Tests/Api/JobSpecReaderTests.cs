using System.Text.Json;
using Dcron.Api.Jobs;
using Dcron.Api.Requests;
using Dcron.Grains.Jobs;

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
    [InlineData("zzzzzzzzz", "there are args, enabled")]
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
        var (errors, malformed) = Errors($$"""{{{Least}}, "retries":{"max":3}, "overlap_policy":"queue", "misfire_policy":"run_all"}""");
        Assert.Contains("not in this version", Assert.Single(errors["retries"]), StringComparison.Ordinal);
        Assert.Contains("\"skip\"", Assert.Single(errors["overlap_policy"]), StringComparison.Ordinal);
        Assert.Contains("\"run_latest\"", Assert.Single(errors["misfire_policy"]), StringComparison.Ordinal);
        Assert.False(malformed);
    }

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
        var fields = typeof(JobSpec).GetProperties().Select(p => p.Name).Where(name => name != "EqualityContract").Select(JsonNamingPolicy.SnakeCaseLower.ConvertName).Order(StringComparer.Ordinal).ToList();
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
