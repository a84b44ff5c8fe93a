using System.Globalization;
using Dcron.Grains.Interpreters;
using Dcron.Tests.Node;
using Dcron.Tests.Processes;

namespace Dcron.Tests.Security;

/// <summary>A way in which a node can contain scripts.</summary>
public enum Mode
{
    /// <summary>The node is root: bubblewrap, and a user of its own for each script.</summary>
    RootWithSandbox,

    /// <summary>The node is root, without bubblewrap: a user of its own for each script.</summary>
    RootWithUsers,

    /// <summary>The node is a plain user, with bubblewrap.</summary>
    PlainWithSandbox,

    /// <summary>The node is a plain user, without bubblewrap: its scripts are that user.</summary>
    PlainWithout,
}

/// <summary>A node in one of the modes, with a victim beside the attackers: a script that holds a secret in its environment and in its folder.</summary>
internal sealed class ModeNode : IAsyncDisposable
{
    public const string VictimsSecret = "victims-secret-4711";
    public const string NodesSecret = "nodes-secret-0815-0815";

    /// <summary>A user that nothing else is on a test machine.</summary>
    private const int PlainUser = 64_321;

    /// <summary>Starts what follows as a login would: with a session keyring, and in it somebody's ticket.</summary>
    private static readonly string[] WithTicket =
    [
        "python3", "-c",
        "import ctypes, os, sys; call = ctypes.CDLL(None).syscall; add, keyctl = {'x86_64': (248, 250), 'aarch64': (217, 219)}[os.uname().machine]; "
        + "call(keyctl, 1, b'login', 0, 0, 0); call(add, b'user', b'dcron-test-ticket', b'a ticket', 8, -3); os.execvp(sys.argv[1], sys.argv[1:])",
    ];

    private readonly TempFolder _folder;

    private ModeNode(TempFolder folder, NodeProcess node, Mode mode) => (_folder, Node, Mode) = (folder, node, mode);

    public Mode Mode { get; }

    public NodeProcess Node { get; }

    public static bool HasSandbox(Mode mode) => mode is Mode.RootWithSandbox or Mode.PlainWithSandbox;

    public static bool IsRoot(Mode mode) => mode is Mode.RootWithSandbox or Mode.RootWithUsers;

    public static async Task<ModeNode> StartAsync(Mode mode, params string[] more)
    {
        var amRoot = Environment.UserName == "root";
        Programs.Unless(amRoot || mode is Mode.PlainWithSandbox or Mode.PlainWithout, "only root can start a node as root");
        Programs.Unless(SearchPath.Find("setpriv", "/usr/bin:/bin") is not null, "setpriv is missing");
        if (HasSandbox(mode))
        {
            Programs.Need("bwrap");
        }

        var folder = new TempFolder();
        var data = folder.Of("data");
        Directory.CreateDirectory(data);
        IReadOnlyList<string> wrapper = [];
        if (amRoot && !IsRoot(mode))
        {
            // The tests may lie where no other user gets.
            Skip.IfNot(await ExitsWellAsync("setpriv", [.. As(PlainUser), "test", "-r", Path.Combine(AppContext.BaseDirectory, "Dcron.Silo.dll")]), "a plain user can't read the tests' folder");
            await ExitsWellAsync("chown", [$"{PlainUser}:{PlainUser}", folder.Path, data]);
            wrapper = ["setpriv", .. As(PlainUser)];
        }

        string[] settings =
        [
            "--Dcron:Worker:Sandbox", HasSandbox(mode) ? "require" : "off", "--Dcron:Worker:Slots", "6", "--Dcron:Worker:StopGraceSeconds", "1",
            "--Dcron:Worker:WorkPath", folder.Of("public"), .. more,
        ];
        var node = new NodeProcess(data, settings)
        {
            Wrapper = [.. WithTicket, .. wrapper],
            Key = NodesSecret,
            Variables = new Dictionary<string, string>
            {
                ["Dcron__Api__AdminKey"] = NodesSecret, ["Dcron__Api__RequireKey"] = "true", ["HOME"] = folder.Path, ["PATH"] = "/usr/local/bin:/usr/bin:/bin",
            },
        };
        await node.StartAgainAsync();
        return new ModeNode(folder, node, mode);
    }

    /// <summary>Starts the victim; it runs until it is cancelled.</summary>
    public async Task<string> StartVictimAsync()
    {
        var id = await Node.StartOnceAsync("python",
            "import os, time\nopen('treasure', 'w').write(os.environ['TREASURE'])\nprint('ready', flush=True)\ntime.sleep(600)", new { env = new { TREASURE = VictimsSecret } });
        await Node.UntilLogAsync(id, "ready");
        return id;
    }

    public async ValueTask DisposeAsync()
    {
        await Node.DisposeAsync();
        _folder.Dispose();
    }

    private static string[] As(int user)
    {
        var id = user.ToString(CultureInfo.InvariantCulture);
        return [$"--reuid={id}", $"--regid={id}", "--clear-groups"];
    }

    private static async Task<bool> ExitsWellAsync(string program, IEnumerable<string> arguments)
    {
        using var process = System.Diagnostics.Process.Start(program, arguments);
        await process.WaitForExitAsync();
        return process.ExitCode == 0;
    }
}
