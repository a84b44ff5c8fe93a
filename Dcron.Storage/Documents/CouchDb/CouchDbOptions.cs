namespace Dcron.Storage.Documents.CouchDb;

/// <summary>Apache CouchDB 3. Section <c>Dcron:Documents:CouchDb</c>.</summary>
public sealed class CouchDbOptions
{
    internal const string DefaultSection = "Dcron:Documents:CouchDb";

    private const int MaxDatabase = 60;

    /// <summary>Scheme, host and port, such as <c>https://couchdb.example.com:6984</c> or <c>http://10.0.0.5:5984</c>. No path.</summary>
    public string Url { get; set; } = "";

    /// <summary>A server admin of that CouchDB: dcron creates a database each month, and drops old ones.</summary>
    public string Username { get; set; } = "";

    public string Password { get; set; } = "";

    /// <summary>What the names of dcron's databases begin with: collection <c>jobs</c> is the database <c>dcron-jobs</c>.</summary>
    public string Database { get; set; } = "dcron";

    /// <summary>How long a request may take before the store counts as out of reach, 1 to 3,600.</summary>
    public int TimeoutSeconds { get; set; } = 15;

    /// <summary>Into how many shards a new database is split, 1 to 64. Existing databases keep what they have.</summary>
    public int Shards { get; set; } = 2;

    /// <summary>Where these settings stand, for messages.</summary>
    internal string Section { get; set; } = DefaultSection;

    /// <returns>A sentence for each setting that is wrong.</returns>
    internal IEnumerable<string> Mistakes()
    {
        if (UrlMistake() is { } mistake)
        {
            yield return $"{Section}:Url {mistake}; give scheme, host and port alone, such as https://couchdb.example.com:6984 or http://10.0.0.5:5984.";
        }

        if (Username.Length == 0 || Username.Any(c => c == ':' || char.IsControl(c)))
        {
            yield return $"{Section}:Username {(Username.Length == 0 ? "is missing" : "contains a colon or a control character")}; it is the name of a server admin of CouchDB.";
        }

        if (Password.Length == 0 || Password.Any(char.IsControl))
        {
            var variable = Section.Replace(":", "__", StringComparison.Ordinal) + "__Password";
            yield return $"{Section}:Password {(Password.Length == 0 ? "is missing" : "contains a control character")}; set it in the environment ({variable}) or in a file that only dcron's user can read.";
        }

        if (Database.Length is 0 or > MaxDatabase || !char.IsAsciiLetterLower(Database[0]) || !Database.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '_' or '-'))
        {
            yield return $"{Section}:Database '{Database}' can't begin the names of databases: lower case letters, digits, '_' and '-', beginning with a letter, at most {MaxDatabase}, such as dcron.";
        }

        if (TimeoutSeconds is < 1 or > 3600)
        {
            yield return $"{Section}:TimeoutSeconds is {TimeoutSeconds}; it must be 1 to 3600.";
        }

        if (Shards is < 1 or > 64)
        {
            yield return $"{Section}:Shards is {Shards}; it must be 1 to 64.";
        }
    }

    private string? UrlMistake() => Url.Length == 0
        ? "is missing"
        : !Uri.TryCreate(Url, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0
            ? $"'{WithoutUser(Url)}' is no http or https address"
            : uri.UserInfo.Length > 0
                ? "holds a name or password, which belong into Username and Password"
                : uri.PathAndQuery is not "/" || uri.Fragment.Length > 0 ? $"'{Url}' has more than scheme, host and port" : null;

    // What can't be parsed may still hold a password.
    private static string WithoutUser(string url) => url.LastIndexOf('@') is var at and >= 0 ? "…" + url[at..] : url;
}
