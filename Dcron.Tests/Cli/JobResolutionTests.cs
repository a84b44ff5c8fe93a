namespace Dcron.Tests.Cli;

/// <summary>JOB on a command line: an id or a unique name.</summary>
public class JobResolutionTests
{
    private const string Id = "01k9nightly000000000";

    [Fact]
    public async Task A_name_is_found_exactly_and_not_by_a_part_of_it()
    {
        var server = new FakeServer()
            .On("GET jobs?limit=500&name=nightly", 200, $$"""[{"job_id":"1","name":"nightly-2"},{"job_id":"{{Id}}","name":"nightly"}]""")
            .On($"POST jobs/{Id}/pause", 200, $$"""{"job_id":"{{Id}}","name":"nightly"}""");

        var run = await CliRun.Of(server, "job", "pause", "nightly");

        Assert.Equal((0, $"nightly ({Id}) is paused.\n"), (run.Code, run.Out));
    }

    [Fact]
    public async Task An_id_wins_over_a_name()
    {
        var server = new FakeServer().On($"GET jobs/{Id}", 200, "{}").On($"DELETE jobs/{Id}", 204, "");

        Assert.Equal(0, (await CliRun.Of(server, "job", "delete", Id)).Code);
        Assert.DoesNotContain(server.Calls, c => c.Target.Contains("name=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_looks_like_an_id_may_still_be_a_name()
    {
        var server = new FakeServer()
            .On($"GET jobs/{Id}", 404, "{}")
            .On($"GET jobs?limit=500&name={Id}", 200, $$"""[{"job_id":"7","name":"{{Id}}"}]""")
            .On("DELETE jobs/7", 204, "");

        Assert.Equal(0, (await CliRun.Of(server, "job", "delete", Id)).Code);
    }

    [Fact]
    public async Task A_slip_is_answered_with_what_is_near()
    {
        var server = new FakeServer()
            .On("GET jobs?limit=500&name=nigthly", 200, "[]")
            .On("GET jobs/nigthly", 404, "{}")
            .On("GET jobs?limit=500", 200, """[{"job_id":"1","name":"nightly"},{"job_id":"2","name":"report"}]""");

        var run = await CliRun.Of(server, "job", "show", "nigthly");

        Assert.Equal((1, "dcron: No job has the name or id 'nigthly'. Near it: 'nightly'."), (run.Code, run.Error.TrimEnd()));
    }

    [Fact]
    public async Task Two_jobs_of_one_name_are_told_apart_by_id()
    {
        var server = new FakeServer().On("GET jobs?limit=500&name=Nightly", 200, """[{"job_id":"1","name":"Nightly"},{"job_id":"2","name":"Nightly"}]""");

        var run = await CliRun.Of(server, "job", "delete", "Nightly");

        Assert.Equal((1, "dcron: 'Nightly' names 2 jobs: 1, 2. Give the id of one."), (run.Code, run.Error.TrimEnd()));
    }

    [Fact]
    public async Task A_name_with_odd_letters_is_asked_for_as_it_is()
    {
        var server = new FakeServer()
            .On("GET jobs?limit=500&name=a%2Fb%3F%26%20%C3%BC", 200, """[{"job_id":"1","name":"a/b?& ü"}]""")
            .On("DELETE jobs/1", 204, "");

        Assert.Equal(0, (await CliRun.Of(server, "job", "delete", "a/b?& ü")).Code);
    }
}
