"""Tries what a script must not be able to do, and prints what came of it. Arguments: data folder, node's process, ports."""
import ctypes, glob, json, os, signal, socket, subprocess, sys

data, node, ports = sys.argv[1], int(sys.argv[2]), [int(port) for port in sys.argv[3:]]
found = {}


def attempt(name):
    def run(function):
        try:
            found[name] = function()
        except BaseException as error:
            found[name] = f"{type(error).__name__}: {error}"[:200] if not isinstance(error, OSError) else None
    return run


def text(path):
    with open(path, "rb") as file:
        return file.read().decode("latin-1")


@attempt("data folder listed")
def _():
    return os.listdir(data)


@attempt("database read")
def _():
    return len(text(os.path.join(data, "dcron.db"))) or None


@attempt("database written")
def _():
    with open(os.path.join(data, "dcron.db"), "r+b"):
        return True


@attempt("environments")
def _():
    seen = []
    for path in glob.glob("/proc/[0-9]*/environ"):
        if int(path.split("/")[2]) != os.getpid():
            try:
                seen += [line for line in text(path).split("\0") if "secret" in line.lower() or "TREASURE" in line]
            except OSError:
                pass
    return seen


@attempt("treasures")
def _():
    seen = []
    for place in glob.glob("/proc/[0-9]*/cwd") + glob.glob("/proc/[0-9]*/root/home/script"):
        try:
            seen.append(text(os.path.join(place, "treasure")))
        except OSError:
            pass
    return seen


@attempt("node signalled")
def _():
    command = text(f"/proc/{node}/cmdline")
    if "Dcron.Silo" not in command:
        return None
    os.kill(node, 0)
    return True


@attempt("node traced")
def _():
    if "Dcron.Silo" not in text(f"/proc/{node}/cmdline"):
        return None
    seize = 0x4206  # without stopping it, and over with this process
    return ctypes.CDLL(None, use_errno=True).ptrace(seize, node, None, None) == 0 or None


@attempt("keys read")
def _():
    keyctl = {"x86_64": 250, "aarch64": 219}[os.uname().machine]
    call = ctypes.CDLL(None, use_errno=True).syscall
    found = []
    for keyring in [-3, -4, -5]:  # of the session, the user, the user's session
        key = call(keyctl, 10, keyring, b"user", b"dcron-test-ticket", 0)
        value = ctypes.create_string_buffer(100)
        if key > 0 and call(keyctl, 11, key, value, 100, 0) > 0:
            found.append(value.value.decode())
    return found


@attempt("written outside")
def _():
    places = []
    for folder in ["/", "/usr", "/etc", "/usr/bin", "/root", "/var", "/home", "/opt", "/script", "/dev"]:
        try:
            with open(os.path.join(folder, "dcron-attack"), "w"):
                places.append(folder)
            os.remove(os.path.join(folder, "dcron-attack"))
        except OSError:
            pass
    return places


@attempt("script overwritten")
def _():
    with open(sys.argv[0], "a"):
        return True


@attempt("kernel settings written")
def _():
    with open("/proc/sys/kernel/core_pattern", "a"):
        return True


@attempt("became root")
def _():
    os.setuid(0)
    return os.getuid() == 0


@attempt("capabilities")
def _():
    status = dict(line.split(":\t", 1) for line in text("/proc/self/status").splitlines() if ":\t" in line)
    return [status["CapEff"].strip("0"), status["CapPrm"].strip("0"), status["CapInh"].strip("0"), status["NoNewPrivs"]]


@attempt("groups")
def _():
    return [group for group in os.getgroups() if group != os.getgid()]


@attempt("descriptors")
def _():
    return [fd for fd in map(int, os.listdir("/proc/self/fd")) if fd > 2 and os.path.exists(f"/proc/self/fd/{fd}")]


@attempt("user")
def _():
    return os.getuid()


@attempt("mounted")
def _():
    return subprocess.run(["mount", "-t", "tmpfs", "none", "/usr"], capture_output=True).returncode == 0 or None


@attempt("ports")
def _():
    reached = []
    for port in ports:
        with socket.socket() as connection:
            connection.settimeout(2)
            if connection.connect_ex(("127.0.0.1", port)) == 0:
                reached.append(port)
    return reached


@attempt("API opened")
def _():
    import urllib.request, urllib.error
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{ports[0]}/api/v1/jobs", timeout=5).status
    except urllib.error.HTTPError as error:
        return f"refused with {error.code}"
    except urllib.error.URLError:
        return None


if "--killall" in os.environ.get("ATTACK", ""):
    @attempt("killed")
    def _():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.kill(-1, signal.SIGTERM)
        return None

print(json.dumps(found))
