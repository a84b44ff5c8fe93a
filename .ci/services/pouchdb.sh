#!/usr/bin/env bash
# Usage: pouchdb.sh PORT. pouchdb-server, which speaks CouchDB's API and is none: DCRON_TEST_POUCHDB_SERVER names it.
# What it prints and obeys: lib.sh.
set -euo pipefail
# shellcheck source=.ci/services/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
port=${1:?usage: pouchdb.sh PORT}

# The user 'dcron' with the password 'secret', as it stores them itself.
cat > "$folder/config.json" << END
{
  "log": { "file": "$folder/pouchdb.log", "level": "error" },
  "admins": { "dcron": "-pbkdf2-a40a55219e51c586a50e82f3e151ca945f8cf5a5,11e1641a013b1c91561bf10b1441c31f917419119f19c1aa,10" }
}
END
start() {
    # It does not catch all of its own errors, which would end it.
    (cd "$folder" && exec env NODE_OPTIONS=--unhandled-rejections=warn "$DCRON_TEST_POUCHDB_SERVER" --in-memory --host 127.0.0.1 --port "$port" \
        --config "$folder/config.json" --no-stdout-logs > "$folder/pouchdb.out" 2>&1 < /dev/null) &
    pids[pouchdb]=$!
    await pouchdb "$port"
}
stop() { end pouchdb; }

start
echo "COUCHDB_USER=dcron"
echo "COUCHDB_PASSWORD=secret"
obey start stop
