using Dcron.Cli.Api;

namespace Dcron.Tests.Cli;

public class ProblemTests
{
    [Fact]
    public void A_refusal_is_one_sentence_and_one_line_a_field() => Assert.Equal(
        ["The request is not valid", "  time: has 4 fields, must have 5 or 6", "  timezone: 'Europe/Lisboa' is not known; did you mean Europe/Lisbon?"],
        Lines(422, """
            {"type":"urn:dcron:problem:invalid-request","title":"The request is not valid","status":422,"detail":"See errors for each field.",
             "errors":{"time":["has 4 fields, must have 5 or 6"],"timezone":["'Europe/Lisboa' is not known; did you mean Europe/Lisbon?"]}}
            """));

    [Fact]
    public void Without_fields_the_detail_says_more_than_the_title() =>
        Assert.Equal(["There is no job 'x'."], Lines(404, """{"title":"Not found","detail":"There is no job 'x'."}"""));

    [Theory]
    [InlineData("")]
    [InlineData("<html>Bad Gateway</html>")]
    [InlineData("null")]
    [InlineData("[1]")]
    [InlineData("{\"detail\":42}")]
    public void What_is_no_problem_document_is_told_by_its_status(string body) =>
        Assert.Equal(["The server answered 502 (BadGateway) without saying why."], Lines(502, body));

    [Fact]
    public void Who_has_no_key_is_told_where_to_put_one() =>
        Assert.Equal(["A key is needed. Give a key in the environment variable DCRON_KEY."], Lines(401, """{"title":"A key is needed"}"""));

    [Fact]
    public void A_message_cannot_steer_the_terminal() =>
        Assert.Equal(["\\x1b[2J", "  na\\x07me: \\x1b]0;x"], Lines(400, """{"title":"\u001b[2J","errors":{"na\u0007me":["\u001b]0;x"]}}"""));

    private static string[] Lines(int status, string body) => [.. Problem.Read(status, System.Text.Encoding.UTF8.GetBytes(body)).Lines()];
}
