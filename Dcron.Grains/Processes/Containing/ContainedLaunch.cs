using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Dcron.Grains.Processes.Containing;

/// <summary>
/// The chain of programs that begins a contained script: bubblewrap where there is a sandbox, a shell that waits at the hatch until the node has
/// set the limits, <c>setpriv</c> for the user, the script. In a sandbox the shell waits before there is a script, and becomes what a letter says. Pure.
/// </summary>
internal static class ContainedLaunch
{
    public const string Shell = "/bin/sh";

    private const string Env = "/usr/bin/env";

    // Nothing of a script runs before the line from the hatch, and the hatch is closed to it.
    private const string Gate = "umask 077; read -r _ <&3 || exit 125; exec 3>&-; exec \"$@\"";

    private const string GateInSandbox = "umask 077; echo >&3; read -r _ <&3 || exit 125; . /proc/self/fd/4";

    // The outer shell stops itself (as $$ also within the parentheses), so that it never waits for the script: its exit status stays to be
    // read, exactly, where bubblewrap would tell 128+n for a signal as for an exit status. A node that is killed before bubblewrap has asked to die with
    // it leaves this one to find nobody at the hatch, and to end the outer shell, which nobody else would.
    private const string GateBelowHolder =
        "umask 077; (kill -STOP $$; trap '' PIPE; echo >&3; trap - PIPE; read -r _ <&3 || { kill -KILL $$; exit 125; }; . /proc/self/fd/4); exit $?";

    /// <summary>Variables that change what programs do which are not the script yet, some of them as root: those that the C library itself takes from setuid programs, and shells' own.</summary>
    private static readonly FrozenSet<string> Unsafe = new[]
    {
        "GCONV_PATH", "GETCONF_DIR", "HOSTALIASES", "LOCALDOMAIN", "LOCPATH", "NIS_PATH", "NLSPATH", "RESOLV_HOST_CONF", "RES_OPTIONS", "TZDIR", "LANGUAGE",
        "ENV", "IFS", "PS4", "SHELLOPTS", "POSIXLY_CORRECT", "CDPATH", "OPTIND", "TZ",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly string[] UnsafeBeginnings = ["LD_", "GLIBC_", "MALLOC_", "BASH", "LC_"];

    /// <summary>Variables that a shell can't set, or takes for itself.</summary>
    private static readonly FrozenSet<string> ShellsOwn = new[]
    {
        "OPTARG", "OPTERR", "PPID", "UID", "EUID", "GROUPS", "LINENO", "RANDOM", "SRANDOM", "SECONDS",
        "FUNCNAME", "DIRSTACK", "SHLVL", "PWD", "OLDPWD", "_",
    }.ToFrozenSet(StringComparer.Ordinal);

    private static readonly string[] ShellsOwnBeginnings = ["COMP", "HIST", "EPOCH"];

    /// <summary>What to start in place of the command itself, where there is no sandbox. The hatch is descriptor 3.</summary>
    public static (string Executable, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment) Of(ScriptCommand command, Containment containment)
    {
        var late = command.Environment.Where(pair => IsUnsafe(pair.Key)).ToList();
        List<string> line = [Shell, "-c", Gate, "sh", .. Switch(containment)];
        if (late.Count > 0)
        {
            line.Add(Env);
            line.AddRange(late.Select(pair => $"{pair.Key}={pair.Value}"));
        }

        line.Add(command.Executable);
        line.AddRange(command.Arguments);
        return (line[0], line[1..], late.Count == 0 ? command.Environment : command.Environment.Except(late).ToDictionary());
    }

    /// <summary>A sandbox that waits: the hatch is descriptor 3, the letter descriptor 4, a pipe that may become standard error descriptor 5. Nothing of a script is on this line.</summary>
    /// <param name="sandbox">Bubblewrap's command line up to what it runs.</param>
    public static List<string> Waiting(IReadOnlyList<string> sandbox, bool hasHolder) =>
        [.. sandbox, "--", Shell, "-c", hasHolder ? GateBelowHolder : GateInSandbox, "sh"];

    /// <summary>What the shell in a sandbox reads, to become the script.</summary>
    public static string Letter(ScriptCommand command, Containment containment)
    {
        var letter = new StringBuilder(command.MarksErrors ? "exec 2>&5 3>&- 4>&- 5>&-\n" : "exec 3>&- 4>&- 5>&-\n", 1024);
        List<string> late = [];
        foreach (var (name, value) in command.Environment)
        {
            if (IsForEnv(name))
            {
                late.Add($"{name}={value}");
            }
            else
            {
                Quote(letter.Append("export ").Append(name).Append('='), value).Append('\n');
            }
        }

        letter.Append("exec");
        foreach (var word in (IEnumerable<string>)[.. Switch(containment), .. late.Count == 0 ? [] : late.Prepend(Env), command.Executable, .. command.Arguments])
        {
            Quote(letter.Append(' '), word);
        }

        return letter.Append('\n').ToString();
    }

    private static IReadOnlyList<string> Switch(Containment containment) => containment switch
    {
        { User: { } user, Setpriv: { } setpriv } =>
        [
            setpriv,
            string.Create(CultureInfo.InvariantCulture, $"--reuid={user.Id}"),
            string.Create(CultureInfo.InvariantCulture, $"--regid={user.GroupId}"),
            "--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all",
        ],
        { User: not null } => throw new InvalidOperationException("There is no setpriv to switch the user with."),
        _ => [], // bubblewrap takes privileges away by itself, and the thread that starts a script without a sandbox has none to give
    };

    private static StringBuilder Quote(StringBuilder text, string word) => text.Append('\'').Append(word.Replace("'", "'\\''", StringComparison.Ordinal)).Append('\'');

    private static bool IsUnsafe(string name) => Unsafe.Contains(name) || UnsafeBeginnings.Any(beginning => name.StartsWith(beginning, StringComparison.Ordinal));

    private static bool IsForEnv(string name) =>
        IsUnsafe(name) || ShellsOwn.Contains(name) || ShellsOwnBeginnings.Any(beginning => name.StartsWith(beginning, StringComparison.Ordinal))
        || char.IsAsciiDigit(name[0]) || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_');
}
