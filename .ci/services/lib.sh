# Sourced by the scripts beside it: servers for tests, started from Debian's packages, without systemd or root, on loopback.
# shellcheck shell=bash
#
# Each script takes the first of a row of free ports, prints NAME=VALUE lines and 'ready', then obeys standard input, a word a line, until its
# end: 'stop' and 'start' take the server's front door away and bring it back, and are answered with the same word, as are the other words that
# some scripts know. When standard input ends, however whoever held it ended, everything is stopped and deleted.

folder=$(mktemp -d "${TMPDIR:-/tmp}/dcron-service-XXXXXX")
declare -A pids=()

# spawn NAME COMMAND…: in the background, its output in a file of its own.
spawn() {
    local name=$1
    shift
    "$@" > "$folder/$name.out" 2>&1 < /dev/null &
    pids[$name]=$!
}

alive() { [[ -n ${pids[$1]:-} ]] && kill -0 "${pids[$1]}" 2> /dev/null; }

# end NAME [SIGNAL]: and waits for it.
end() {
    if alive "$1"; then
        kill "-${2:-TERM}" "${pids[$1]}" 2> /dev/null || true
        wait "${pids[$1]}" 2> /dev/null || true
    fi
    unset "pids[$1]"
}

finish() {
    local name
    # They have nothing to save.
    for name in "${!pids[@]}"; do end "$name" KILL; done
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

fail() {
    echo "$(basename "$0"): $1" >&2
    tail -n 15 "$folder"/*.out "$folder"/*.log >&2 2> /dev/null || true
    exit 1
}

# await NAME PORT [ADDRESS]: until it takes connections.
await() {
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        if (exec 3<> "/dev/tcp/${3:-127.0.0.1}/$2") 2> /dev/null; then return 0; fi
        alive "$1" || fail "$1 ended before it took connections"
        sleep 0.1
    done
    fail "$1 takes no connections within a minute"
}

# obey START STOP: two functions for the front door; another WORD is the function on_WORD.
obey() {
    local word
    echo ready
    while read -r word; do
        case $word in
            start) "$1" ;;
            stop) "$2" ;;
            *)
                declare -F "on_$word" > /dev/null || fail "there is no word '$word'"
                "on_$word"
                ;;
        esac
        echo "$word"
    done
}
