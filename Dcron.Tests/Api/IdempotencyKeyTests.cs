using System.Text;
using Dcron.Api.Idempotency;

namespace Dcron.Tests.Api;

public sealed class IdempotencyKeyTests
{
    private static readonly SealedAnswer Answer = new(201, new Dictionary<string, string> { ["Location"] = "/x" }, Encoding.UTF8.GetBytes("the secret"));

    [Fact]
    public void A_sealed_answer_opens_for_the_same_caller_and_key_only()
    {
        var key = new IdempotencyKey("id", "Bearer s", "k");
        var sealedBytes = key.Seal(Answer);
        var opened = new IdempotencyKey("id", "Bearer s", "k").Open(sealedBytes);
        Assert.Equal((201, "/x", "the secret"), (opened!.Status, opened.Headers["Location"], Encoding.UTF8.GetString(opened.Body)));
        Assert.Null(new IdempotencyKey("id", "Bearer t", "k").Open(sealedBytes));
        Assert.Null(new IdempotencyKey("id", "Bearer s", "l").Open(sealedBytes));
        Assert.Null(key.Open(sealedBytes[..20]));
        Assert.DoesNotContain("secret", Encoding.Latin1.GetString(sealedBytes), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_callers_equal_keys_are_different_keys()
    {
        Assert.NotEqual(new IdempotencyKey("a", "", "k").RecordId, new IdempotencyKey("b", "", "k").RecordId);
        Assert.Equal(new IdempotencyKey("a", "", "k").RecordId, new IdempotencyKey("a", "", "k").RecordId);
    }

    [Theory]
    [InlineData("k", true)]
    [InlineData("a key with spaces", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("tab\there", false)]
    [InlineData("ümlaut", false)]
    public void A_key_is_printable_ascii(string? text, bool valid) => Assert.Equal(valid, IdempotencyKey.IsValid(text));

    [Fact]
    public void A_key_has_at_most_255_characters()
    {
        Assert.True(IdempotencyKey.IsValid(new string('k', 255)));
        Assert.False(IdempotencyKey.IsValid(new string('k', 256)));
    }
}
