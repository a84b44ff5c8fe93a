using System.Text;
using Dcron.Api.Access;
using Dcron.Api.Keys;

namespace Dcron.Tests.Api;

public sealed class KeyTextTests
{
    [Fact]
    public void A_new_key_is_read_back_and_matches_its_own_hash_only()
    {
        var (one, other) = (KeyText.New(KeyText.NewId()), KeyText.New(KeyText.NewId()));
        Assert.True(KeyText.TryParse(one.ToString(), out var read));
        Assert.Equal(one, read);
        Assert.True(read.Matches(one.SecretSha256()));
        Assert.False(read.Matches(other.SecretSha256()));
        Assert.NotEqual(one.Secret, other.Secret);
        Assert.DoesNotContain(one.Secret, one.SecretSha256(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("dcron_")]
    [InlineData("dcron_abc_short")]
    [InlineData("dcron_a/../b_0123456789012345678901234567890123456789012")]
    [InlineData("dcron_abc_0123456789012345678901234567890123456789012_x")]
    [InlineData("Dcron_abc_0123456789012345678901234567890123456789012")]
    [InlineData("dcron__0123456789012345678901234567890123456789012")]
    public void What_is_no_key_is_not_looked_up(string? text) => Assert.False(KeyText.TryParse(text, out _));

    [Theory]
    [InlineData("Bearer abc", "abc")]
    [InlineData("bearer abc", "abc")]
    [InlineData("Bearer", null)]
    [InlineData("Digest abc", null)]
    [InlineData("Basic !!!", null)]
    [InlineData("", null)]
    public void A_key_is_taken_from_the_header(string header, string? key) => Assert.Equal(key, KeyAuthentication.KeyIn(header));

    [Theory]
    [InlineData("me:dcron_a_b", "dcron_a_b")]
    [InlineData(":with:colons", "with:colons")]
    [InlineData("no colon", null)]
    public void A_browsers_password_is_the_key(string pair, string? key) =>
        Assert.Equal(key, KeyAuthentication.KeyIn("Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(pair))));
}
