using Dcron.Storage.Documents.CouchDb;
using Dcron.Storage.Objects.S3;
using Microsoft.Extensions.Options;

namespace Dcron.Storage;

/// <summary>Where dcron keeps what must survive. Section <c>Dcron</c> of the configuration.</summary>
public sealed class DcronStorageOptions
{
    /// <summary>Folder of the embedded stores, the spool and the script cache; relative to the working directory. Created where it is missing.</summary>
    public string DataPath { get; set; } = "./data";

    public DocumentsOptions Documents { get; set; } = new();

    public ObjectsOptions Objects { get; set; } = new();

    /// <summary>The document store: <c>Dcron:Documents</c>.</summary>
    public sealed class DocumentsOptions
    {
        public const string Sqlite = "Sqlite";

        public const string CouchDbProvider = "CouchDb";

        /// <summary><c>Sqlite</c>: one file, <c>dcron.db</c> in the data folder. <c>CouchDb</c>: Apache CouchDB.</summary>
        public string Provider { get; set; } = Sqlite;

        /// <summary>Used with the provider <c>CouchDb</c> alone.</summary>
        public CouchDbOptions CouchDb { get; set; } = new();

        internal bool IsCouchDb => string.Equals(Provider, CouchDbProvider, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The object store: <c>Dcron:Objects</c>.</summary>
    public sealed class ObjectsOptions
    {
        public const string Folder = "Folder";

        public const string S3Provider = "S3";

        /// <summary><c>Folder</c>: files below <c>objects</c> in the data folder. <c>S3</c>: a server that speaks S3.</summary>
        public string Provider { get; set; } = Folder;

        /// <summary>
        /// Other buckets that scripts may come from, each with the namespaces whose jobs may have theirs there: names with commas between them, or <c>*</c>
        /// for all. Default: none.
        /// </summary>
        public Dictionary<string, string> AllowedBuckets { get; set; } = [];

        /// <summary>Used with the provider <c>S3</c> alone.</summary>
        public S3Options S3 { get; set; } = new();

        internal bool IsS3 => string.Equals(Provider, S3Provider, StringComparison.OrdinalIgnoreCase);
    }
}

/// <summary>Tells everything that is wrong at once, each with the key and what would be right.</summary>
internal sealed class DcronStorageOptionsValidator : IValidateOptions<DcronStorageOptions>
{
    public ValidateOptionsResult Validate(string? name, DcronStorageOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        if (string.IsNullOrWhiteSpace(options.DataPath))
        {
            result.AddError("Dcron:DataPath is empty; name the folder where dcron keeps its data, such as ./data.");
        }
        else if (options.DataPath.Contains('\0', StringComparison.Ordinal))
        {
            result.AddError("Dcron:DataPath is no path: it contains a null character.");
        }
        else if (File.Exists(options.DataPath))
        {
            result.AddError($"Dcron:DataPath '{options.DataPath}' is a file; name a folder.");
        }

        Check("Dcron:Documents:Provider", options.Documents.Provider, DcronStorageOptions.DocumentsOptions.Sqlite, DcronStorageOptions.DocumentsOptions.CouchDbProvider);
        Check("Dcron:Objects:Provider", options.Objects.Provider, DcronStorageOptions.ObjectsOptions.Folder, DcronStorageOptions.ObjectsOptions.S3Provider);
        foreach (var mistake in (options.Documents.IsCouchDb ? options.Documents.CouchDb.Mistakes() : []).Concat(options.Objects.IsS3 ? options.Objects.S3.Mistakes() : []))
        {
            result.AddError(mistake);
        }

        return result.Build();

        void Check(string key, string value, params string[] supported)
        {
            if (!supported.Contains(value, StringComparer.OrdinalIgnoreCase))
            {
                result.AddError($"{key} is '{value}', which this version of dcron does not support; it supports: {string.Join(", ", supported)}.");
            }
        }
    }
}
