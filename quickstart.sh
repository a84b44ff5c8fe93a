#!/usr/bin/env bash
# One node on this machine, a Python and a Ruby script, both on a schedule, and what became of them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=.ci/lib.sh
source .ci/lib.sh

usage() {
    cat << 'END'
Usage: ./quickstart.sh [--keep]

Builds dcron, starts one node on embedded stores, uploads a Python and a Ruby script, runs both every five
seconds, shows their executions and logs as they happen, and stops the node again.

  --keep   leave the node running, and say how to go on
END
}

keep=false
for argument in "$@"; do
    case $argument in
        --keep) keep=true ;;
        -h | --help) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
done

bold='' faint='' reset=''
if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
    bold=$'\e[1m' faint=$'\e[2m' reset=$'\e[0m'
fi
step() { printf '\n%s== %s%s\n' "$bold" "$1" "$reset"; }
fail() {
    printf '\nquickstart: %s\n' "$1" >&2
    exit 1
}

node='' data='' finished=false
stop_node() {
    [[ -n $node ]] || return 0
    kill -TERM "$node" 2> /dev/null || true
    for ((i = 0; i < 300; i++)); do
        kill -0 "$node" 2> /dev/null || break
        sleep 0.1
    done
    kill -KILL "$node" 2> /dev/null || true
    wait "$node" 2> /dev/null || true
    node=''
}
clean_up() {
    local status=$?
    trap - EXIT
    if $finished && $keep; then
        exit "$status"
    fi
    stop_node
    if [[ -n $data ]]; then
        rm -rf "$data"
        rmdir data 2> /dev/null || true
    fi
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

step 'Looking at this machine'
require_sdk
echo ".NET SDK $(dotnet --version)"
jobs=()
if ensure_program python3 python3 'to run the Python script'; then
    python3 --version
    jobs+=(python)
fi
if ensure_program ruby ruby 'to run the Ruby script'; then
    ruby --version
    jobs+=(ruby)
fi
ensure_program bwrap bubblewrap 'the sandbox that scripts run in; without it they run with less between them and this machine' || true
[[ ${#jobs[@]} -gt 0 ]] || fail 'there is neither python3 nor ruby here; with one of them this goes on.'

step 'Building (about a minute the first time)'
mkdir -p data
data=$(mktemp -d "$PWD/data/quickstart.XXXXXX")
for project in Dcron.Silo Dcron.Cli; do
    if ! dotnet build "$project" -c Release -v quiet -nologo < /dev/null > "$data/build.log" 2>&1; then
        cat "$data/build.log" >&2
        fail "$project does not build; see above."
    fi
    echo "$project is built"
done
silo=Dcron.Silo/bin/Release/net10.0/Dcron.Silo.dll
cli=Dcron.Cli/bin/Release/net10.0/dcron.dll

port_is_free() { ! (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 10000))
        if port_is_free "$port"; then
            echo "$port"
            return
        fi
    done
}

dcron() { dotnet "$cli" --retry-for 20s "$@"; }
# Shows a command as one would type it.
typed() {
    local word
    printf '%s$ dcron' "$faint"
    for word in "$@"; do
        if [[ $word == *[!A-Za-z0-9._/=@:-]* ]]; then printf " '%s'" "$word"; else printf ' %s' "$word"; fi
    done
    printf '%s\n' "$reset"
}
show() { typed "$@" && dcron "$@"; }

# Another program may take a port between our look and the node's: then once more with others.
start_node() {
    local http
    for ((try = 1; try <= 3; try++)); do
        http=$(free_port)
        export DCRON_SERVER=http://127.0.0.1:$http
        local run=(dotnet "$silo" --urls "$DCRON_SERVER" --Dcron:DataPath "$data/node"
            --Dcron:Cluster:SiloPort "$(free_port)" --Dcron:Cluster:GatewayPort "$(free_port)")
        if $keep; then run=(nohup "${run[@]}"); fi
        "${run[@]}" < /dev/null > "$data/node.log" 2>&1 &
        node=$!
        for ((i = 0; i < 150; i++)); do
            kill -0 "$node" 2> /dev/null || break
            if ! port_is_free "$http" && dotnet "$cli" workers --retry-for 0 2> /dev/null | grep -q ' active '; then
                return 0
            fi
            sleep 0.2
        done
        stop_node
        grep -qi 'address already in use' "$data/node.log" || break
    done
    tail -n 40 "$data/node.log" >&2
    fail 'the node did not start; its last words are above.'
}

unset DCRON_KEY
step 'Starting a node on embedded stores'
start_node
echo "A node answers at $DCRON_SERVER (its data: $data)"
show workers

extension() { if [[ $1 == python ]]; then echo py; else echo rb; fi; }

step 'Uploading scripts, and scheduling each every five seconds'
show preview '*/5 * * * * *' --count 2
for kind in "${jobs[@]}"; do
    create=(job create --time '*/5 * * * * *' --type "$kind" --name "hello-$kind" "docs/examples/hello.$(extension "$kind")" -- quick start)
    typed "${create[@]}"
    created=$(dcron "${create[@]}")
    echo "${created%%$'\n'*}"
done

# The first execution of a job that has begun, if any: id, date, time, trigger and result come first in each row.
begun() {
    dcron executions "$1" --limit 5 2> /dev/null | awk '$5 == "running" || $5 == "succeeded" || $5 == "failed" || $5 == "timed_out" { id = $1 } END { print id }'
}
follow_first() {
    local id='' line
    for ((i = 0; i < 100; i++)); do
        id=$(begun "hello-$1")
        [[ -z $id ]] || break
        sleep 0.2
    done
    [[ -n $id ]] || return 1
    dcron logs "$id" --follow | while IFS= read -r line; do printf '%-6s | %s\n' "$1" "$line"; done
}

step 'Waiting for the schedule; logs as they come'
followers=()
for kind in "${jobs[@]}"; do
    follow_first "$kind" &
    followers+=($!)
done
for follower in "${followers[@]}"; do
    wait "$follower" || { tail -n 40 "$data/node.log" >&2 && fail "a job did not start within 20 s; the node's last words are above."; }
done

step 'What became of them'
for kind in "${jobs[@]}"; do
    # Two of them, since the first starts on a node that is still warming up.
    for ((i = 0; i < 50; i++)); do
        executions=$(dcron executions "hello-$kind" --limit 3)
        [[ $executions != *' succeeded '*' succeeded '* ]] || break
        sleep 0.2
    done
    typed executions "hello-$kind" --limit 3
    echo "$executions"
    # LAG is the time from the fire time to the start of the script: less than a second reads as "N ms".
    grep -Eq ' succeeded +0 +[0-9]+ ms ' <<< "$executions" || fail "hello-$kind did not run on time and succeed."
done

finished=true
if $keep; then
    step 'The node goes on'
    cat << END
Process $node, data and log below $data

  export DCRON_SERVER=$DCRON_SERVER
  alias dcron='dotnet $PWD/$cli'
  dcron job list
  dcron logs hello-${jobs[0]} --follow
  dcron job pause hello-${jobs[0]}

Stop it:   kill $node
Clean up:  rm -r $data
END
else
    step 'Done'
    echo "Ran on time: ${jobs[*]}. './quickstart.sh --keep' leaves the node running."
fi
