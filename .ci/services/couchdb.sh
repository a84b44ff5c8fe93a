#!/usr/bin/env bash
# Usage: couchdb.sh PORT [NODES [FOLDER]]. Apache CouchDB, one node or a cluster of up to nine, each on PORT of a loopback address of its own.
# No package source of Debian offers it: it is taken from where its own package puts it, or runs in Docker (one node only).
# The data lie in FOLDER, if given. What it prints and obeys: lib.sh; 'kill' is SIGKILL to all nodes, 'kill2' and 'start2' are for the second.
set -euo pipefail
# shellcheck source=.ci/services/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
port=${1:?usage: couchdb.sh PORT [NODES [FOLDER]]} nodes=${2:-1} data=${3:-$folder}
installed=/opt/couchdb
user=admin password=a-secret-of-the-tests-0123456789
container=dcron-test-couchdb-$$

configure() {
    local n=$1 etc=$folder/node$1
    mkdir -p "$etc" "$data/node$n"
    cat > "$etc/local.ini" << END
[couchdb]
single_node = $([[ $nodes -eq 1 ]] && echo true || echo false)
database_dir = $data/node$n
view_index_dir = $data/node$n
uuid = 0123456789abcdef0123456789abcdef
[chttpd]
port = $port
bind_address = 127.0.0.$n
[httpd]
port = 0
[chttpd_auth]
secret = the-same-on-all-nodes
[admins]
$user = $password
[log]
level = warning
writer = file
file = $folder/node$n.log
; Nobody is asked about a search engine that is not there.
[dreyfus]
name = clouseau@127.0.0.10
END
    # Nodes find each other by address and one port: no daemon (epmd) that would outlive them.
    cat > "$etc/vm.args" << END
-name couchdb@127.0.0.$n
-setcookie dcron-tests
-kernel inet_dist_use_interface {127,0,0,$n}
-kernel error_logger silent
-kernel prevent_overlapping_partitions false
-start_epmd false
-erl_epmd_port $((port + 1))
-sasl sasl_error_logger false
-ssl session_lifetime 300
-os_mon start_cpu_sup false
-os_mon start_memsup false
-os_mon disk_almost_full_threshold 1.0
+SDio 16
+zdbbl 32768
+Bd -noinput
END
}

start_node() {
    spawn "node$1" env "COUCHDB_ARGS_FILE=$folder/node$1/vm.args" "COUCHDB_INI_FILES=$installed/etc/default.ini $folder/node$1/local.ini" \
        "$installed/bin/couchdb"
}

each() {
    local n
    for ((n = 1; n <= nodes; n++)); do "$1" "$n"; done
}

call() { curl -sf -m 30 -u "$user:$password" "$@" > /dev/null; }

if [[ -x $installed/bin/couchdb ]]; then
    await_node() { await "node$1" "$port" "127.0.0.$1"; }
    stop_node() { end "node$1"; }
    kill_node() { end "node$1" KILL; }
    start() { each start_node && each await_node; }
    stop() { each stop_node; }
    on_kill() { each kill_node; }
    on_kill2() { kill_node 2; }
    on_start2() { start_node 2 && await_node 2; }
    each configure
    start
    if [[ $nodes -gt 1 ]]; then
        for ((n = 2; n <= nodes; n++)); do
            call -X PUT "http://127.0.0.1:$port/_node/_local/_nodes/couchdb@127.0.0.$n" -d '{}' || fail "node $n did not join"
        done
        call -H 'Content-Type: application/json' "http://127.0.0.1:$port/_cluster_setup" -d '{"action":"finish_cluster"}' || fail 'the cluster was not finished'
    fi
elif [[ $nodes -eq 1 ]] && docker info > /dev/null 2>&1; then
    remove() {
        docker rm -f "$container" > /dev/null 2>&1 || true
        finish
    }
    trap remove EXIT
    await_answer() {
        local tries
        for ((tries = 0; tries < 300; tries++)); do
            if call "http://127.0.0.1:$port/_all_dbs"; then return 0; fi
            sleep 0.2
        done
        fail 'CouchDB does not answer within a minute'
    }
    printf '[couchdb]\nsingle_node = true\n' > "$folder/single.ini"
    chmod 755 "$folder"
    # Not below /opt/couchdb: all that lies there the image gives to its own user first, and it ends without a word where it can't.
    etc=/opt/couchdb/etc
    docker run -d --name "$container" -p "127.0.0.1:$port:5984" -e "COUCHDB_USER=$user" -e "COUCHDB_PASSWORD=$password" \
        -e "COUCHDB_INI_FILES=$etc/default.ini $etc/default.d /etc/single.ini $etc/local.ini $etc/local.d" \
        -v "$folder/single.ini:/etc/single.ini:ro" couchdb:3.5.0 > "$folder/docker.out" 2>&1 || fail 'the container did not start'
    await_answer
    start() { docker start "$container" > /dev/null && await_answer; }
    stop() { docker stop "$container" > /dev/null; }
    on_kill() { docker kill "$container" > /dev/null; }
else
    fail 'there is neither /opt/couchdb nor a Docker engine'
fi

echo "COUCHDB_USER=$user"
echo "COUCHDB_PASSWORD=$password"
obey start stop
