using Dcron.Api.Jobs;
using Dcron.Api.Requests;
using Dcron.Grains.Executions;
using Dcron.Grains.Jobs;
using Microsoft.AspNetCore.Http;

namespace Dcron.Tests.Api;

public sealed class RequestReadingTests
{
    [Theory]
    [InlineData("2026-03-29T01:00:00Z", "2026-03-29T01:00:00.000Z")]
    [InlineData("2026-03-29t01:00:00.1234567z", "2026-03-29T01:00:00.123Z")]
    [InlineData("2026-03-29T01:00:00+01:00", "2026-03-29T00:00:00.000Z")]
    [InlineData("2026-03-29 01:00:00-05:30", "2026-03-29T06:30:00.000Z")]
    public void A_time_with_its_offset_is_read(string text, string utc)
    {
        Assert.True(Rfc3339.TryParse(text, out var time));
        Assert.Equal(utc, Dcron.Grains.Json.UtcTime.ToText(time));
    }

    [Theory]
    [InlineData("2026-07-01", "2026-06-30T23:00:00.000Z")]
    [InlineData("2026-07-01 12:30", "2026-07-01T11:30:00.000Z")]
    [InlineData("2026-07-01T12:30:00Z", "2026-07-01T12:30:00.000Z")]
    [InlineData("0001-01-01", null)]
    [InlineData("9999-12-31T23:30", null)]
    [InlineData("2026-02-30", null)]
    [InlineData("yesterday", null)]
    public void A_time_as_people_write_it_is_meant_in_their_zone(string text, string? utc)
    {
        var time = Dcron.Api.Console.ConsolePages.TimeOf(text, TimeZoneInfo.FindSystemTimeZoneById("Europe/Lisbon"));

        Assert.Equal(utc, time is { } instant ? Dcron.Grains.Json.UtcTime.ToText(instant) : null);
    }

    [Theory]
    [InlineData("2026-03-29")]
    [InlineData("2026-03-29T01:00:00")]
    [InlineData("2026-02-30T01:00:00Z")]
    [InlineData("2026-03-29T24:00:00Z")]
    [InlineData("2026-03-29T01:00:00Z\n")]
    [InlineData("0001-01-01T00:00:00+14:00")]
    [InlineData("now")]
    [InlineData("")]
    [InlineData(null)]
    public void Anything_else_is_no_time(string? text) => Assert.False(Rfc3339.TryParse(text, out _));

    [Fact]
    public void A_query_tells_all_that_is_wrong_with_it()
    {
        var reader = Query("?limit=0&cursr=x&enabled=yes&enabled=no&from=2026-01-01T00:00:00+01:00&result=fine", "limit", "cursor", "enabled", "from", "result");
        reader.Int("limit", 1, 500, 100);
        reader.Bool("enabled");
        reader.Time("from");
        reader.Word<ExecutionResult>("result");
        var errors = reader.Errors.ToDictionary();
        Assert.Equal(["must be a whole number from 1 to 500"], errors["limit"]);
        Assert.Equal(["is not a parameter of this call; did you mean 'cursor'?"], errors["cursr"]);
        Assert.Equal(["is given more than once; give it once"], errors["enabled"]);
        Assert.EndsWith("in an address '+' is written %2B", Assert.Single(errors["from"]), StringComparison.Ordinal);
        Assert.StartsWith("must be one of queued, running, succeeded", Assert.Single(errors["result"]), StringComparison.Ordinal);
    }

    [Fact]
    public void The_link_to_the_next_page_keeps_the_filters()
    {
        var context = new DefaultHttpContext();
        (context.Request.Path, context.Request.QueryString) = ("/api/v1/jobs", new QueryString("?limit=2&cursor=old&label=a%3Db%26c"));
        NextLink.Add(context, "new");
        Assert.Equal("</api/v1/jobs?limit=2&label=a%3Db%26c&cursor=new>; rel=\"next\"", context.Response.Headers.Link.ToString());
        NextLink.Add(context, null);
        Assert.Single(context.Response.Headers.Link);
    }

    [Fact]
    public void A_listings_cursor_is_read_back_and_others_are_refused()
    {
        Assert.Equal("01k8x2", JobListing.ReadCursor(JobListing.WriteCursor("01k8x2")));
        Assert.All(["zz", "6162", "", "616674657220", JobListing.WriteCursor("UPPER")], cursor => Assert.Throws<FormatException>(() => JobListing.ReadCursor(cursor)));
    }

    [Theory]
    [InlineData("\"v3\"", true)]
    [InlineData("W/\"v3\"", true)]
    [InlineData("\"v2\", \"v3\"", true)]
    [InlineData("*", true)]
    [InlineData("\"v33\"", false)]
    [InlineData("v3", false)]
    public void A_version_is_known_by_its_tag(string tag, bool known)
    {
        var request = new DefaultHttpContext().Request;
        Assert.True(EntityTags.Allows(request, 3));
        request.Headers.IfMatch = tag;
        request.Headers.IfNoneMatch = tag;
        Assert.Equal(known, EntityTags.Allows(request, 3));
        Assert.Equal(known, EntityTags.IsKnown(request, 3));
    }

    [Theory]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("", "abc", 3)]
    [InlineData("same", "same", 0)]
    [InlineData("tiem", "time", 1)]
    [InlineData("ca", "abc", 3)]
    public void Names_are_compared_by_what_it_takes_to_change_one_into_the_other(string a, string b, int distance) => Assert.Equal(distance, Suggestion.Distance(a, b));

    private static QueryReader Query(string query, params string[] known)
    {
        var request = new DefaultHttpContext().Request;
        request.QueryString = new QueryString(query);
        return new QueryReader(request, known);
    }
}
