using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Dcron.Api.Audit;
using Dcron.Api.Json;
using Dcron.Api.Keys;
using Dcron.Grains.Secrets;
using static Dcron.Tests.Scheduling.SomeJob;

namespace Dcron.Tests.Security;

/// <summary>Keys, secrets and records of the audit as they were first stored. When one of these tests fails, the code is wrong, not the file.</summary>
public sealed class GoldenAccessTests
{
    private static readonly KeyText TheKey = new("7f3k9q2m5x8z", new string('A', 43));

    private static readonly KeyDocument Key = new()
    {
        KeyId = TheKey.Id,
        Name = "ci",
        Role = "operator",
        SecretSha256 = TheKey.SecretSha256(),
        CreatedAt = At("2026-01-01T00:00:00.001"),
    };

    private static readonly AuditRecord Change = new()
    {
        AuditId = "01k8zq3v9c",
        At = At("2026-02-01T00:00:00.020"),
        Action = "patch_job",
        Target = "job:job1",
        Namespace = "payments",
        ActorId = "7f3k9q2m5x8z",
        Actor = "the pipeline",
        Address = "10.0.0.7",
        Before = Json("""{ "time": "0 1 * * *", "name": "nightly – naïve" }"""),
        After = Json("""{ "time": "0 5 * * *", "name": "nightly – naïve" }"""),
    };

    [Fact]
    public void A_key_from_before_there_were_namespaces_counts_in_all_of_them_and_for_ever()
    {
        var read = Read("key-1-first.json", ApiJson.Shared.KeyDocument);
        Assert.Equal(Key, read);
        Assert.Null(read.Namespaces);
        Assert.Null(read.ExpiresAt);
        Assert.True(TheKey.Matches(read.SecretSha256));
    }

    [Fact]
    public void A_limited_key_is_read_and_written() => Check(
        "key-1-limited.json", Key with { Name = "ci – naïve", Role = "viewer", Namespaces = ["payments", "red"], ExpiresAt = At("2027-01-01T00:00:00.250") }, ApiJson.Shared.KeyDocument);

    [Fact]
    public void The_last_use_of_a_key_is_read_and_written() => Check("key-use-1.json", new KeyUse(At("2026-02-01T00:00:00.020"), "10.0.0.7"), ApiJson.Shared.KeyUse);

    [Fact]
    public void A_sealed_secret_opens_with_its_key()
    {
        Assert.True(SecretKey.TryParse("2026-11:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", out var key, out _));
        var secret = Read("secret-1.json", SecretJson.Default.SecretDocument);
        Assert.Equal("the value", Encoding.UTF8.GetString(key.Open(secret.Sealed, secret.BoundTo())!));
        Check(
            "secret-1.json",
            new SecretDocument
            {
                Namespace = "payments",
                Name = "db-password",
                Version = 3,
                KeyId = "2026-11",
                Sealed = secret.Sealed,
                CreatedAt = At("2026-01-01T00:00:00.001"),
                UpdatedAt = At("2026-02-01T00:00:00.020"),
                UpdatedBy = "the pipeline",
            },
            SecretJson.Default.SecretDocument);
    }

    [Fact]
    public void A_change_in_the_audit_is_read_and_written()
    {
        var read = Read("audit-1-change.json", ApiJson.Shared.AuditRecord);
        Assert.Equal(Change with { Before = null, After = null }, read with { Before = null, After = null });
        Same("audit-1-change.json", JsonSerializer.Serialize(Change, ApiJson.Shared.AuditRecord));
    }

    [Fact]
    public void A_change_of_nothing_that_can_be_shown_is_read_and_written() => Check(
        "audit-1-plain.json",
        new AuditRecord
        {
            AuditId = "01k8zq3v9d",
            At = At("2026-02-01T00:00:00.020"),
            Action = "reseal_secrets",
            Target = "secrets",
            ActorId = "admin",
            Actor = "admin",
            Address = "127.0.0.1",
        },
        ApiJson.Shared.AuditRecord);

    [Fact]
    public void How_a_change_ended_is_read_and_written() =>
        Check("audit-1-outcome.json", new AuditOutcome { AuditId = "01k8zq3v9c", EndedAt = At("2026-02-01T00:00:00.125"), Status = 200 }, ApiJson.Shared.AuditOutcome);

    private static void Check<T>(string file, T document, JsonTypeInfo<T> type)
    {
        Assert.Equivalent(document, Read(file, type), strict: true);
        Same(file, JsonSerializer.Serialize(document, type));
    }

    private static T Read<T>(string file, JsonTypeInfo<T> type) => JsonSerializer.Deserialize(Text(file), type)!;

    private static void Same(string file, string written) => Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Text(file)), JsonNode.Parse(written)), written);

    private static string Text(string file) => File.ReadAllText(Path.Combine(Repository.Root, "Dcron.Tests", "Scheduling", "Golden", file));

    private static JsonElement Json(string text) => JsonDocument.Parse(text).RootElement;
}
