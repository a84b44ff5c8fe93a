# Sourced by quickstart.sh and test.sh: makes a machine ready that has the .NET SDK and perhaps nothing else.
# shellcheck shell=bash

# The SDK's welcome, telemetry and first-run work have no place in a build's output.
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false
export DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE=true DOTNET_CLI_UI_LANGUAGE=en
# Build servers would outlive the script, and keep its output pipe open.
export MSBUILDDISABLENODEREUSE=1 DOTNET_CLI_USE_MSBUILD_SERVER=0

# The SDK and NuGet keep their caches below HOME; some CI machines have none.
if [[ -z ${HOME:-} || ! -d ${HOME:-} || ! -w ${HOME:-} ]]; then
    HOME=${TMPDIR:-/tmp}/dcron-home-$(id -u)
    (umask 077 && mkdir -p "$HOME")
    # A folder of that name that somebody else made is not ours to trust.
    [[ -O $HOME && ! -L $HOME ]] || HOME=$(mktemp -d)
    export HOME
fi

# Finds an SDK that global.json accepts, also where it is not in PATH. Says what to install when there is none.
require_sdk() {
    local folder
    if ! command -v dotnet > /dev/null; then
        for folder in "${DOTNET_ROOT:-}" "$HOME/.dotnet" /usr/share/dotnet /usr/lib/dotnet /usr/local/share/dotnet; do
            if [[ -n $folder && -x $folder/dotnet ]]; then
                export DOTNET_ROOT=$folder PATH=$folder:$PATH
                break
            fi
        done
    fi
    if ! command -v dotnet > /dev/null; then
        echo "The .NET 10 SDK is missing: there is no 'dotnet' in PATH." >&2
    elif ! dotnet --version > /dev/null 2>&1; then
        echo "The .NET 10 SDK is missing; here is only: $(dotnet --list-sdks 2> /dev/null | cut -d' ' -f1 | tr '\n' ' ')" >&2
    else
        return 0
    fi
    cat >&2 << 'END'
Install it in one of these ways, then run this again:
  Debian, Ubuntu   apt-get install dotnet-sdk-10.0
                   (if apt does not know it: https://learn.microsoft.com/dotnet/core/install/linux)
  any Linux, macOS curl -sSL https://dot.net/v1/dotnet-install.sh | bash -s -- --channel 10.0
  others           https://dotnet.microsoft.com/download/dotnet/10.0
END
    return 1
}

may_install() { [[ $(id -u) -eq 0 ]] && command -v apt-get > /dev/null; }

# install_packages PACKAGE…: with apt, without a question. False when it did not work.
install_packages() {
    export DEBIAN_FRONTEND=noninteractive
    # Fresh images have no package lists; old ones have lists that name packages which are gone.
    if ! compgen -G '/var/lib/apt/lists/*_Packages*' > /dev/null; then
        apt-get update -qq < /dev/null > /dev/null 2>&1 || true
    fi
    apt-get install -y -qq --no-install-recommends "$@" < /dev/null > /dev/null 2>&1 && return 0
    apt-get update -qq < /dev/null > /dev/null 2>&1 || return 1
    apt-get install -y -qq --no-install-recommends "$@" < /dev/null > /dev/null 2>&1
}

# ensure_program COMMAND PACKAGE WHAT-FOR: there already, or installed now; otherwise says exactly what is missing, and is false.
ensure_program() {
    command -v "$1" > /dev/null && return 0
    if may_install; then
        echo "Installing $2 ($3) …"
        if install_packages "$2" && command -v "$1" > /dev/null; then
            return 0
        fi
    fi
    echo "Missing: '$1', $3. On Debian or Ubuntu: sudo apt-get install $2" >&2
    return 1
}

# ensure_npm VARIABLE PACKAGE@VERSION PROGRAM WHAT-FOR: the variable names the program then, wherever npm has put it.
ensure_npm() {
    local folder=${XDG_CACHE_HOME:-$HOME/.cache}/dcron-tests/$2
    local program=$folder/node_modules/.bin/$3
    if [[ ! -x $program ]] && ensure_program npm npm "which brings $3, $4"; then
        echo "Installing $2 ($4) …"
        mkdir -p "$folder"
        npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts --no-save "$2" < /dev/null > /dev/null 2>&1 || true
    fi
    if [[ -x $program ]]; then
        export "$1=$program"
        return 0
    fi
    echo "Missing: '$3', $4. To have it: npm install --ignore-scripts $2, and $1 naming node_modules/.bin/$3" >&2
    return 1
}

# ensure_servers WHAT-FOR PROGRAM PACKAGE…: the same for servers that tests start by themselves: the packages' own services are not started.
ensure_servers() {
    local what=$1 program=$2
    shift 2
    command -v "$program" > /dev/null && return 0
    if may_install; then
        echo "Installing $* ($what) …"
        (
            policy=/usr/sbin/policy-rc.d
            if [[ ! -e $policy ]]; then
                trap 'rm -f "$policy"' EXIT
                printf '#!/bin/sh\nexit 101\n' > "$policy"
                chmod +x "$policy"
            fi
            install_packages "$@"
        ) && command -v "$program" > /dev/null && return 0
    fi
    echo "Missing: '$program', $what. On Debian or Ubuntu: sudo apt-get install --no-install-recommends $*" >&2
    return 1
}
