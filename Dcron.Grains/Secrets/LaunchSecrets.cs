using System.Text;
using Dcron.Grains.Access;
using Dcron.Grains.Executions;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Secrets;

/// <summary>What a launch's secrets came to.</summary>
internal abstract record SecretDelivery
{
    private SecretDelivery()
    {
    }

    /// <param name="Variables">Variables with a secret's text.</param>
    /// <param name="Files">Variables with the path of a file, and what goes into it.</param>
    /// <param name="Matcher">Finds the values in the script's output; null where there are none.</param>
    public sealed record Ready(IReadOnlyDictionary<string, string> Variables, IReadOnlyDictionary<string, byte[]> Files, SecretMatcher? Matcher) : SecretDelivery
    {
        /// <summary>Where secrets' files are in the working folder.</summary>
        public const string Folder = ".secrets";

        public static readonly Ready Nothing = new(new Dictionary<string, string>(), new Dictionary<string, byte[]>(), null);

        /// <summary>A script's environment with the secrets in it. Files are made in the working folder, for its owner alone, and go with it.</summary>
        /// <param name="environment">What else is in it.</param>
        /// <param name="workingFolder">Where the files go.</param>
        /// <param name="asSeen">The same folder by the path that the script knows it by.</param>
        /// <param name="owner">The script's user, where it is not the node's.</param>
        /// <exception cref="IOException">The disk does not take a file.</exception>
        public IReadOnlyDictionary<string, string> AddTo(IReadOnlyDictionary<string, string> environment, string workingFolder, string asSeen, uint? owner)
        {
            if (Matcher is null)
            {
                return environment;
            }

            var all = new Dictionary<string, string>(environment, StringComparer.Ordinal);
            foreach (var (variable, text) in Variables)
            {
                all[variable] = text;
            }

            var folder = Path.Combine(workingFolder, Folder);
            foreach (var (variable, content) in Files)
            {
                PrivateFiles.MakeFolder(folder);
                all[variable] = Path.Combine(asSeen, Folder, variable);
                using var file = PrivateFiles.Create(Path.Combine(folder, variable));
                file.Write(content);
                Give(file.Name, owner);
            }

            if (Files.Count > 0)
            {
                Give(folder, owner);
            }

            return all;
        }

        private static void Give(string path, uint? owner)
        {
            if (owner is { } user && Libc.LChown(path, user, uint.MaxValue /* the group stays */) != 0)
            {
                throw new IOException($"The secret's file could not be given to the script's user: {Libc.LastError.Text()}.");
            }
        }
    }

    /// <param name="Reason">A sentence for people.</param>
    public sealed record Refused(string Reason) : SecretDelivery;
}

/// <summary>Reads the secrets of a launch on the worker, just before the script begins.</summary>
internal sealed class LaunchSecrets(SecretStore secrets)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="Dcron.Storage.Documents.DocumentStoreUnavailableException">Nothing is known.</exception>
    public async Task<SecretDelivery> ReadAsync(ExecuteJob launch)
    {
        if (launch.Secrets is not { Count: > 0 } references)
        {
            return SecretDelivery.Ready.Nothing;
        }

        var inNamespace = Namespaces.FromStored(launch.Namespace);
        var variables = references.OrderBy(pair => pair.Key, StringComparer.Ordinal).ToList();
        var readings = await secrets.OpenAsync(inNamespace, variables.ConvertAll(pair => pair.Value.Name));
        var (texts, files, values) = (new Dictionary<string, string>(StringComparer.Ordinal), new Dictionary<string, byte[]>(StringComparer.Ordinal), new List<byte[]>());
        foreach (var ((variable, reference), reading) in variables.Zip(readings))
        {
            var which = $"The secret '{reference.Name}' of the namespace '{inNamespace}', which {variable} asks for,";
            if (reading is not SecretReading.Opened { Value: var value })
            {
                return new SecretDelivery.Refused(reading is SecretReading.Unreadable unreadable
                    ? $"{which} can't be read: {unreadable.Reason}."
                    : $"{which} does not exist; set it with `dcron secret set`.");
            }

            values.Add(value);
            if (reference.AsFile)
            {
                files[variable] = value;
            }
            else if (TextOf(value) is { } text)
            {
                texts[variable] = text;
            }
            else
            {
                return new SecretDelivery.Refused($"{which} is no text that an environment variable can hold; ask for it as a file.");
            }
        }

        return new SecretDelivery.Ready(texts, files, new SecretMatcher(RedactedForms.Of(values)));
    }

    private static string? TextOf(byte[] value)
    {
        try
        {
            return value.Contains((byte)0) ? null : Strict.GetString(value);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }
}
