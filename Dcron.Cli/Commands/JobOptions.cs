using System.CommandLine;
using System.Text.Json.Nodes;
using Dcron.Cli.Input;

namespace Dcron.Cli.Commands;

/// <summary>The options that say what a job is; <c>create</c> and <c>update</c> share them.</summary>
internal sealed class JobOptions
{
    private readonly bool _update;

    public JobOptions(TimeProvider time, bool update)
    {
        _update = update;
        Time = new Option<string?>("--time")
        {
            Description = "Cron expression of 5 fields, 6 with seconds first, or a macro such as @daily.",
            HelpName = "CRON",
            Required = !update,
        };
        Timeout = new Option<Clearable<TimeSpan>?>("--timeout")
        {
            Description = $"Longest run time: {Durations.Forms}; {Parsers.None} for no limit.",
            HelpName = "SPAN",
            CustomParser = Parsers.ClearableDuration,
        };
        StartsAt = new Option<Clearable<DateTimeOffset>?>("--starts-at")
        {
            Description = "Nothing fires before this instant.",
            HelpName = "INSTANT",
            CustomParser = Parsers.ClearableInstant(time),
        };
        EndsAt = new Option<Clearable<DateTimeOffset>?>("--ends-at")
        {
            Description = "Nothing fires at or after this instant.",
            HelpName = "INSTANT",
            CustomParser = Parsers.ClearableInstant(time),
        };
        Script = new Argument<string?>("SCRIPT")
        {
            Description = "The script to upload; - reads it from stdin.",
            Arity = ArgumentArity.ZeroOrOne,
        };
    }

    public Argument<string?> Script { get; }

    public Option<string?> Time { get; }

    public Option<string?> Type { get; } = new("--type")
    {
        Description = "Interpreter: python, ruby, or one that the workers configure. Guessed from .py and .rb.",
        HelpName = "NAME",
    };

    public Option<string?> ScriptLocation { get; } = new("--script-location")
    {
        Description = "A script that is in object storage already, instead of SCRIPT: s3://bucket/key.",
        HelpName = "LOCATION",
    };

    public Option<string?> Name { get; } = new("--name") 
    {
        Description = "Unique name; an empty one takes it away.",
        HelpName = "NAME",
    };

    public Option<string?> Timezone { get; } = new("--timezone")
    {
        Description = "IANA time zone in which --time is read, such as Europe/Lisbon. A new job's default: UTC.",
        HelpName = "ZONE",
    };

    public Option<IReadOnlyDictionary<string, string>?> Env { get; } = Pairs("--env", "Environment variable for the script; may be repeated.");

    public Option<IReadOnlyDictionary<string, string>?> Secrets { get; } =
        Pairs("--secret", "Environment variable with a secret's value (dcron secret set): VARIABLE=NAME; may be repeated.", "VARIABLE=NAME");

    public Option<IReadOnlyDictionary<string, string>?> SecretFiles { get; } =
        Pairs("--secret-file", "Environment variable with the path of a file that holds a secret's value; may be repeated.", "VARIABLE=NAME");

    public Option<IReadOnlyDictionary<string, string>?> Labels { get; } = Pairs("--label", "Label to find the job by; may be repeated.");

    public Option<IReadOnlyDictionary<string, string>?> Selector { get; } =
        Pairs("--selector", "Label that a worker must have; may be repeated, all must match.");

    public Option<string[]?> UnsetEnv { get; } = Keys("--unset-env", "Take an environment variable away; may be repeated.");

    public Option<string[]?> UnsetLabels { get; } = Keys("--unset-label", "Take a label away; may be repeated.");

    public Option<string[]?> UnsetSelector { get; } = Keys("--unset-selector", "Take a selector label away; may be repeated.");

    public Option<Clearable<TimeSpan>?> Timeout { get; }

    public Option<Clearable<long>?> Memory { get; } = Limit("--memory", "SIZE", $"Memory that the script may use: {Sizes.Forms}; {Parsers.None} leaves it to the worker.", Parsers.ClearableSize);

    public Option<Clearable<long>?> Processes { get; } = Limit("--processes", "NUMBER", "Processes and threads that it may have at once.", Parsers.ClearableCount);

    public Option<Clearable<long>?> OpenFiles { get; } = Limit("--open-files", "NUMBER", "Files that one process of it may have open at once.", Parsers.ClearableCount);

    public Option<Clearable<TimeSpan>?> CpuTime { get; } = new("--cpu-time")
    {
        Description = "Processor time that one process of it may use, in whole seconds.",
        HelpName = "SPAN",
        CustomParser = Parsers.ClearableDuration,
    };

    public Option<Clearable<long>?> Disk { get; } = Limit("--disk", "SIZE", "Size of all files in its working folder, which then lies in memory.", Parsers.ClearableSize);

    public Option<Clearable<long>?> FileSize { get; } = Limit("--file-size", "SIZE", "Size of a file that it writes.", Parsers.ClearableSize);

    public Option<Clearable<bool>?> Network { get; } = new("--network")
    {
        Description = $"Whether the script has a network: on, off, or {Parsers.None} to leave it to the worker.",
        HelpName = "on|off",
        CustomParser = Parsers.ClearableSwitch,
    };

    public Option<Clearable<DateTimeOffset>?> StartsAt { get; }

    public Option<Clearable<DateTimeOffset>?> EndsAt { get; }

    public PolicyOptions Policies { get; } = new();

    public Option<bool> Disabled { get; } = new("--disabled") { Description = "Paused: nothing fires until it is resumed." };

    public void AddTo(Command command)
    {
        command.Add(Script);
        Option[] options =
        [
            Time, Type, ScriptLocation, Name, Timezone, Timeout, Memory, Processes, OpenFiles, CpuTime, FileSize, Disk, Network, Env, Secrets, SecretFiles, Labels, Selector, StartsAt, EndsAt,
            .. Policies.All,
            .. _update ? (Option[])[UnsetEnv, UnsetLabels, UnsetSelector] : [Disabled],
        ];
        foreach (var option in options)
            command.Add(option);
    }

    /// <summary>What was given, and only that, under the API's names. Null takes a field away (a merge patch).</summary>
    public JsonObject Fields(CommandContext context)
    {
        var fields = new JsonObject();
        SetText(fields, "time", context.Get(Time));
        SetText(fields, "script_type", context.Get(Type));
        SetText(fields, "script_location", context.Get(ScriptLocation));
        if (context.Get(Name) is { } name)
            fields["name"] = name.Length == 0 && _update ? null : name;
        SetText(fields, "timezone", context.Get(Timezone));
        SetPairs(fields, "env", context.Get(Env), context.Get(UnsetEnv));
        SetSecrets(fields, context.Get(Secrets), asFile: false);
        SetSecrets(fields, context.Get(SecretFiles), asFile: true);
        if (!_update && context.Api.Namespace is { } inNamespace)
            fields["namespace"] = inNamespace;
        SetPairs(fields, "labels", context.Get(Labels), context.Get(UnsetLabels));
        SetPairs(fields, "worker_selector", context.Get(Selector), context.Get(UnsetSelector));
        if (context.Get(Timeout) is { } timeout)
            fields["timeout_seconds"] = timeout.Value?.TotalSeconds;
        SetLimits(fields, context);
        if (context.Get(Network) is { } network)
            fields["network"] = network.Value;
        SetInstant(fields, "starts_at", context.Get(StartsAt));
        SetInstant(fields, "ends_at", context.Get(EndsAt));
        if (context.Has(Disabled) && context.Get(Disabled))
            fields["enabled"] = false;
        if (context.Trailing is { } args && (_update || args.Count > 0))
            fields["args"] = new JsonArray([.. args.Select(a => (JsonNode)a)]);
        return fields;
    }

    private void SetLimits(JsonObject fields, CommandContext context)
    {
        var limits = new JsonObject();
        Set("memory_bytes", context.Get(Memory));
        Set("processes", context.Get(Processes));
        Set("open_files", context.Get(OpenFiles));
        Set("cpu_seconds", context.Get(CpuTime) is { } time ? new Clearable<long>(time.Value is { } span ? (long)Math.Ceiling(span.TotalSeconds) : null) : null);
        Set("file_size_bytes", context.Get(FileSize));
        Set("disk_bytes", context.Get(Disk));
        if (limits.Count > 0)
            fields["limits"] = limits;

        void Set(string name, Clearable<long>? limit)
        {
            if (limit is not null)
                limits[name] = limit.Value;
        }
    }

    private static Option<Clearable<long>?> Limit(string name, string value, string description, Func<System.CommandLine.Parsing.ArgumentResult, Clearable<long>?> parser) => new(name)
    {
        Description = description,
        HelpName = value,
        CustomParser = parser,
    };

    private static void SetText(JsonObject fields, string name, string? text)
    {
        if (text is not null)
            fields[name] = text;
    }

    private static void SetInstant(JsonObject fields, string name, Clearable<DateTimeOffset>? instant)
    {
        if (instant is not null)
            fields[name] = instant.Value is { } value ? Instants.ToWire(value) : null;
    }

    private static void SetPairs(JsonObject fields, string name, IReadOnlyDictionary<string, string>? set, string[]? unset)
    {
        if (set is not { Count: > 0 } && unset is not { Length: > 0 })
            return;

        var pairs = new JsonObject();
        foreach (var key in unset ?? [])
            pairs[key] = null;
        foreach (var (key, value) in set ?? new Dictionary<string, string>())
            pairs[key] = value;
        fields[name] = pairs;
    }

    private void SetSecrets(JsonObject fields, IReadOnlyDictionary<string, string>? secrets, bool asFile)
    {
        if (secrets is not { Count: > 0 })
            return;

        var env = fields["env"] as JsonObject ?? [];
        foreach (var (variable, name) in secrets)
        {
            var reference = new JsonObject { ["secret"] = name };
            if (asFile)
                reference["as"] = "file";
            else if (_update)
                reference["as"] = null; // a patch leaves what it does not name: a secret that was a file would stay one
            env[variable] = reference;
        }

        fields["env"] = env;
    }

    private static Option<IReadOnlyDictionary<string, string>?> Pairs(string name, string description, string form = "KEY=VALUE") => new(name)
    {
        Description = description,
        HelpName = form,
        Arity = ArgumentArity.OneOrMore,
        CustomParser = Parsers.KeyValues,
    };

    private static Option<string[]?> Keys(string name, string description) => new(name)
    {
        Description = description,
        HelpName = "KEY",
        Arity = ArgumentArity.OneOrMore,
    };
}
