#!/usr/bin/env bash
# All tests, with everything they need started and stopped here. Ends with one line: N passed, N failed[, N skipped].
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
# shellcheck source=.ci/lib.sh
source .ci/lib.sh

usage() {
    cat << 'END'
Usage: ./test.sh [--filter EXPRESSION] [--no-quickstart]

  --filter EXPRESSION   only these tests, as 'dotnet test --filter' has it, such as FullyQualifiedName~Cron
  --no-quickstart       leave out the quickstart, which is run as the last test

With CI=true a program that a test needs and that is missing fails it; elsewhere it skips it.
END
}

filter='' quickstart=true
while [[ $# -gt 0 ]]; do
    case $1 in
        --filter)
            [[ $# -ge 2 ]] || { usage >&2 && exit 2; }
            filter=$2
            shift
            ;;
        --filter=*) filter=${1#--filter=} ;;
        --no-quickstart) quickstart=false ;;
        -h | --help) usage && exit 0 ;;
        *) usage >&2 && exit 2 ;;
    esac
    shift
done

passed=0 failed=0 skipped=0
finish() {
    local line="$passed passed, $failed failed"
    [[ $skipped -eq 0 ]] || line+=", $skipped skipped"
    echo "$line"
    if [[ $failed -eq 0 && $passed -gt 0 ]]; then exit 0; else exit 1; fi
}
# What keeps tests from running is one failure more, never a quiet zero.
broken() {
    echo "test.sh: $1" >&2
    failed=$((failed + 1))
    finish
}
step() { printf '\n== %s (%d s)\n' "$1" "$SECONDS"; }

step 'Preparing'
require_sdk || broken 'there is no SDK to build with.'
ensure_program python3 python3 'which tests run scripts with' || true
ensure_program ruby ruby 'which tests run scripts with' || true
ensure_servers 'the object store of some tests' radosgw ceph-mon ceph-osd radosgw || true
ensure_servers 'the object store of some tests' swift-proxy-server swift-proxy swift-account swift-container swift-object memcached || true

ensure_program docker-compose docker-compose 'which judges the compose file' || true
ensure_program systemd-analyze systemd 'which judges the systemd units' || true
ensure_npm DCRON_TEST_DOCKERFILE_UTILS dockerfile-utils@0.16.3 dockerfile-utils 'which judges the container file' || true

step 'Restoring packages, exactly as locked'
dotnet restore Dcron.sln --locked-mode -v minimal < /dev/null || broken 'the packages cannot be restored as the lock files say.'

step 'Building; a warning is an error'
dotnet build Dcron.sln -c Release --no-restore -v minimal -nologo < /dev/null || broken 'it does not build.'

step 'Testing'
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
status=0
# A test that hangs is named and ended, instead of the whole run by whoever watches it.
dotnet test Dcron.Tests -c Release --no-build --results-directory "$results" \
    --logger 'trx;LogFileName=tests.trx' --logger 'console;verbosity=normal' \
    --blame-hang --blame-hang-timeout 4m --blame-hang-dump-type none \
    ${filter:+--filter "$filter"} < /dev/null || status=$?

counter() { { grep -o '<Counters [^>]*' "$results/tests.trx" || true; } | head -n 1 | { grep -o " $1=\"[0-9]*\"" || true; } | tr -dc '0-9'; }
if [[ -s $results/tests.trx ]]; then
    total=$(counter total) executed=$(counter executed) passed=$(counter passed)
    : "${total:=0}" "${executed:=0}" "${passed:=0}"
    failed=$((executed - passed)) # failed, timed out, aborted: all of them
    skipped=$((total - executed))
fi
[[ $status -eq 0 || $failed -gt 0 ]] || broken "the test run ended with status $status; see above."
[[ $passed -gt 0 || $failed -gt 0 ]] || broken 'no test ran.'

if $quickstart && [[ -z $filter ]]; then
    step 'The quickstart, as a newcomer would run it'
    if timeout --kill-after=60 300 ./quickstart.sh < /dev/null; then
        passed=$((passed + 1))
    else
        echo "test.sh: quickstart.sh ended with status $?" >&2
        failed=$((failed + 1))
    fi
fi

step 'Result'
finish
