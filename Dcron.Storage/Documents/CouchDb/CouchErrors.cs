using System.Globalization;
using System.Net;

namespace Dcron.Storage.Documents.CouchDb;

/// <summary>Turns what goes wrong with CouchDB into one sentence that names the reason and the way out. Never with a password.</summary>
internal sealed class CouchErrors(CouchDbOptions options)
{
    private const int MaxReason = 200;

    private readonly string _name = $"The document store at {new Uri(options.Url).GetLeftPart(UriPartial.Authority)}";

    public DocumentStoreUnavailableException Unreachable(Exception error) => new($"{_name} can't be reached: {ConnectionTrouble.Reason(error, Key("Url"))}.", error);

    public DocumentStoreUnavailableException TimedOut(TimeSpan timeout, Exception error) => new(
        string.Create(CultureInfo.InvariantCulture, $"{_name} did not answer within {timeout.TotalSeconds:0.###} s; see how it and the network are, or raise {Key("TimeoutSeconds")}."), error);

    public DocumentStoreUnavailableException Malformed(string what, Exception? error = null) => new(
        $"{_name} answered what no CouchDB answers ({Line(what)}); see that {Key("Url")} is the address of a CouchDB.", error);

    public DocumentStoreUnavailableException WrongPassword(TimeSpan pause) => new(string.Create(CultureInfo.InvariantCulture,
        $"{_name} refuses the name or password of user '{options.Username}'; see {Key("Username")} and {Key("Password")}. It is asked again in {pause.TotalSeconds:0} s: CouchDB locks out whoever fails often."));

    public DocumentStoreUnavailableException LockedOut(TimeSpan pause) => new(string.Create(CultureInfo.InvariantCulture,
        $"{_name} has locked user '{options.Username}' out for some minutes, after too many wrong passwords from here; see {Key("Username")} and {Key("Password")}. It is asked again in {pause.TotalSeconds:0} s."));

    public DocumentStoreUnavailableException TooOld(string version) => new(
        $"{_name} is CouchDB {Line(version)}; dcron needs 3.0 or newer.");

    public DocumentStoreUnavailableException TooManyCopies(string database, int copies) => new(string.Create(CultureInfo.InvariantCulture,
        $"{_name} keeps {copies} copies of each document of database '{database}', and with more than one it can't decide which of two writers was first; dcron needs databases with one copy (n=1). ")
        + "If dcron has only just created it, remove 'placement' from the section [cluster] of CouchDB's configuration and delete the database; otherwise replicate it into one that was created with ?n=1 (docs/couchdb.md says how).");

    public DocumentStoreUnavailableException NewerSchema(string database, int schema, int known) => new(string.Create(CultureInfo.InvariantCulture,
        $"{_name} has a database '{database}' that was made by a newer dcron (schema {schema}, this one knows {known}); start that version, or set {Key("Database")} to another name."));

    public DocumentStoreUnavailableException NotSettled(string database) => new(
        $"{_name} has nodes that disagree about where database '{database}' lies; see that all nodes of the cluster reach each other.");

    public DocumentStoreUnavailableException NotEnoughCopies(string database) => new(
        $"{_name} has accepted a write to database '{database}' without making sure that it stays; dcron does not count on it, and reads again.");

    public DocumentStoreUnavailableException Refused(CouchRefusal refusal)
    {
        var (what, wayOut) = refusal switch
        {
            { Status: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden } or { Error: "unauthorized" or "forbidden" } => (
                $"does not let user '{options.Username}' do that", "dcron's user must be a server admin of CouchDB, since dcron creates databases and drops old ones"),
            _ when Has("enospc") || Has("no space") || refusal.Status == HttpStatusCode.InsufficientStorage || refusal.Error == "insufficient_storage" => (
                "has no room left on its disk", "free some and dcron goes on by itself"),
            _ when Has("nodedown") || Has("No DB shards could be opened") || Has("read_failure") || Has("progress not possible") => (
                "has lost a node that holds some of the data", "start that node, and dcron goes on by itself"),
            { Status: HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout or HttpStatusCode.TooManyRequests } => (
                "is not ready", "dcron goes on by itself once it is"),
            { Status: >= HttpStatusCode.InternalServerError } => ("is in trouble", "its disk may be full, which CouchDB does not tell: see it and its log; dcron goes on by itself once it answers"),
            _ => ("refused a request", $"see that {Key("Url")} is the address of a CouchDB"),
        };
        var said = refusal.Reason ?? refusal.Error;
        return new DocumentStoreUnavailableException(string.Create(CultureInfo.InvariantCulture, $"{_name} {what} (it said {(int)refusal.Status}{(said is null ? "" : ": " + Line(said).TrimEnd('.'))}); {wayOut}."));

        bool Has(string word) =>
            refusal.Reason?.Contains(word, StringComparison.OrdinalIgnoreCase) == true || refusal.Error?.Contains(word, StringComparison.OrdinalIgnoreCase) == true;
    }

    // It goes into logs: whoever answers there must not write lines of their own into them.
    private static string Line(string text)
    {
        var line = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)).Trim();
        return line.Length <= MaxReason ? line : line[..MaxReason] + "…";
    }

    private string Key(string name) => $"{options.Section}:{name}";
}
