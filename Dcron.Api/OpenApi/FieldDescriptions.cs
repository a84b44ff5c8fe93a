using System.Collections.Frozen;
using System.Text.Json.Nodes;

namespace Dcron.Api.OpenApi;

/// <summary>What each field in a body means, with an example. A name means the same wherever it stands.</summary>
internal static class FieldDescriptions
{
    public sealed record Field(string Text, JsonNode? Example = null);

    public static readonly FrozenDictionary<string, Field> All = new Dictionary<string, Field>(StringComparer.Ordinal)
    {
        ["time"] = new("Cron expression of 5 fields (minute, hour, day of month, month, day of week) or 6 (seconds first), or a macro such as @daily.", "*/5 * * * *"),
        ["script_type"] = new("Interpreter: python, ruby, or one that the workers configure.", "python"),
        ["script_location"] = new("s3://bucket/key, or what POST /scripts answered.", "s3://dcron/scripts/3f5a/backup.py"),
        ["name"] = new("For people; unique among jobs where given.", "nightly"),
        ["timezone"] = new("IANA time zone in which `time` is read; default UTC.", "Europe/Lisbon"),
        ["args"] = new("Arguments of the script.", new JsonArray("--fast", "3")),
        ["env"] = new("Environment variables of the script, on top of dcron's own.", new JsonObject { ["TARGET"] = "/srv/backup" }),
        ["timeout_seconds"] = new("Longest run time in seconds; null for no limit.", 600),
        ["overlap_policy"] = new("What happens to a fire time while an earlier execution is not over: skip.", "skip"),
        ["misfire_policy"] = new("What happens to fire times that nobody could plan in time: run_latest.", "run_latest"),
        ["starts_at"] = new("Nothing fires before this instant.", "2026-01-01T00:00:00Z"),
        ["ends_at"] = new("Nothing fires at or after this instant.", "2027-01-01T00:00:00Z"),
        ["enabled"] = new("False while the job is paused.", true),
        ["labels"] = new("For filters.", new JsonObject { ["team"] = "ops" }),
        ["worker_selector"] = new("Labels that a worker must have, all of them.", new JsonObject { ["zone"] = "eu" }),
        ["job_id"] = new("Id of the job.", "01k8x2m4qzb7c9d3f5g1"),
        ["version"] = new("Counts the changes of the spec, from 1.", 1),
        ["created_at"] = new("When it was created.", "2026-03-28T12:00:00.000Z"),
        ["updated_at"] = new("When this version of the spec took effect.", "2026-03-28T12:00:00.000Z"),
        ["effective_at"] = new("When this version of the spec took effect.", "2026-03-28T12:00:00.000Z"),
        ["planned_up_to"] = new("Every fire time up to this instant is decided.", "2026-03-28T12:00:00.000Z"),
        ["description"] = new("The schedule in words.", "every 5 minutes"),
        ["next_fire_times"] = new("The next five fire times; none while the job is paused.", new JsonArray("2026-03-29T01:00:00.000Z")),
        ["execution_id"] = new("The job and its fire time.", "01k8x2m4qzb7c9d3f5g1@20260329T010000Z"),
        ["execution_date"] = new("The nominal fire time.", "2026-03-29T01:00:00.000Z"),
        ["execution_result"] = new("queued, running, succeeded, failed, timed_out, cancelled, lost, skipped or missed.", "succeeded"),
        ["exit_status"] = new("0 to 255; null where the script did not exit by itself.", 0),
        ["signal"] = new("Name of the signal that ended the script.", "SIGKILL"),
        ["reason"] = new("A sentence, wherever the result does not explain itself.", "The job was paused before a worker took this launch."),
        ["logs_path"] = new("Location of the log in object storage; null while there is none.", "s3://dcron/logs/01k8x2m4qzb7c9d3f5g1/20260329T010000Z.log"),
        ["log_bytes"] = new("Size of the log.", 1234),
        ["worker_id"] = new("The worker that took it.", "127.0.0.1:11111@133742"),
        ["attempt"] = new("1 for the first.", 1),
        ["trigger"] = new("schedule, manual, retry or backfill.", "schedule"),
        ["started_at"] = new("When the process began.", "2026-03-29T01:00:00.012Z"),
        ["finished_at"] = new("When it ended.", "2026-03-29T01:00:03.512Z"),
        ["script_sha256"] = new("Hash of the bytes that ran.", new string('0', 64)),
        ["job_version"] = new("Version of the job's spec that it was planned with.", 1),
        ["sha256"] = new("Hash of the bytes, in lower case hex.", new string('0', 64)),
        ["size"] = new("Bytes.", 512),
        ["host"] = new("Name of the machine.", "node-1"),
        ["slots"] = new("How many scripts it runs at a time.", 4),
        ["running"] = new("How many of them are taken.", 1),
        ["interpreters"] = new("Interpreters with their versions.", new JsonObject { ["python"] = "3.13.1" }),
        ["state"] = new("active or draining.", "active"),
        ["fire_times"] = new("The next fire times, UTC.", new JsonArray("2026-03-29T01:00:00.000Z")),
        ["local_times"] = new("The same in the zone's own time.", new JsonArray("2026-03-29T02:00:00+01:00")),
        ["key_id"] = new("Id of the key.", "7f3k9q2m5x8z"),
        ["role"] = new("viewer, operator or admin.", "operator"),
        ["key"] = new("The whole key. Shown once: it is stored as a hash only.", "dcron_7f3k9q2m5x8z_…"),
        ["status"] = new("HTTP status of a problem, or how a node is.", null),
        ["type"] = new("Kind of problem; programs decide by it.", "urn:dcron:problem:invalid-request"),
        ["title"] = new("Kind of problem, for people.", "The request is not valid"),
        ["detail"] = new("What went wrong here, and what would be right.", "See errors for each field."),
        ["errors"] = new("What is wrong, by field.", new JsonObject { ["time"] = new JsonArray("the 1st field (minute) must be 0 to 59") }),
        ["required_role"] = new("The role that the call needs.", "admin"),
        ["current_etag"] = new("The ETag that the job has now.", "\"v2\""),
        ["checks"] = new("Each part: ok, or what is the matter.", new JsonObject { ["documents"] = "ok" }),
    }.ToFrozenDictionary(StringComparer.Ordinal);
}
