#!/usr/bin/env bash
# Usage: swift.sh PORT. OpenStack Swift with its S3 API: proxy, account, container and object server over one folder, on PORT and the four after it.
# Needs Debian's swift-proxy, swift-account, swift-container, swift-object and memcached, and a file system with user xattrs.
# What it prints and obeys: lib.sh.
set -euo pipefail
# shellcheck source=.ci/services/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
port=${1:?usage: swift.sh PORT}
user=$(id -un)
access=test:dcron secret=a-secret-of-the-tests-0123456789
mkdir -p "$folder"/{devices/d1,cache}

cat > "$folder/swift.conf" << END
[swift-hash]
swift_hash_path_prefix = dcron
swift_hash_path_suffix = dcron
[storage-policy:0]
name = Policy-0
default = yes
END

# What swift-ring-builder create, add and rebalance would do for each of the three, in one process.
/usr/bin/python3 - "$folder" "$port" > "$folder/rings.out" 2>&1 << 'END' || fail 'the rings could not be built'
import sys
from swift.common.ring import RingBuilder
folder, port = sys.argv[1], int(sys.argv[2])
for n, name in enumerate(('object', 'container', 'account'), 1):
    ring = RingBuilder(4, 1, 0)
    ring.add_dev({'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'port': port + n, 'device': 'd1', 'weight': 1.0,
                  'replication_ip': '127.0.0.1', 'replication_port': port + n, 'meta': ''})
    ring.rebalance()
    ring.get_ring().save('%s/%s.ring.gz' % (folder, name))
END

common="bind_ip = 127.0.0.1
workers = 0
user = $user
swift_dir = $folder
log_level = WARNING
log_address = $folder/no-syslog"
number=0
for name in object container account; do
    number=$((number + 1))
    cat > "$folder/$name.conf" << END
[DEFAULT]
$common
bind_port = $((port + number))
devices = $folder/devices
mount_check = false
fallocate_reserve = 0
disable_fallocate = true
[pipeline:main]
pipeline = healthcheck $name-server
[app:$name-server]
use = egg:swift#$name
recon_cache_path = $folder/cache
[filter:healthcheck]
use = egg:swift#healthcheck
END
done
cat > "$folder/proxy.conf" << END
[DEFAULT]
$common
bind_port = $port
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats s3api bulk tempauth slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
recheck_account_existence = 1
recheck_container_existence = 1
conn_timeout = 2
node_timeout = 30
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$((port + 4))
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
storage_domain = s3.test
[filter:tempauth]
use = egg:swift#tempauth
user_${access%%:*}_${access#*:} = $secret .admin
END

# tempauth refuses to work without memcached
spawn memcached memcached -l 127.0.0.1 -p $((port + 4)) -U 0 -m 16 -t 1 -u "$user"
for name in object container account; do
    spawn "$name" /usr/bin/python3 "/usr/bin/swift-$name-server" "$folder/$name.conf" verbose
done
start() {
    spawn proxy /usr/bin/python3 /usr/bin/swift-proxy-server "$folder/proxy.conf" verbose
    await proxy "$port"
}
stop() { end proxy; }

number=0
start
for name in object container account; do
    number=$((number + 1))
    await "$name" "$((port + number))"
done
cat << END
S3_ENDPOINT=http://127.0.0.1:$port
S3_ACCESS_KEY=$access
S3_SECRET_KEY=$secret
END
obey start stop
