#!/usr/bin/env bash
# Usage: ceph.sh PORT. The smallest Ceph cluster that speaks S3, in memory: one monitor, one OSD, one RADOS Gateway, on PORT and the 15 after it.
# Needs Debian's ceph-mon, ceph-osd and radosgw. What it prints and obeys: lib.sh.
set -euo pipefail
# shellcheck source=.ci/services/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
port=${1:?usage: ceph.sh PORT}
conf=$folder/ceph.conf
export CEPH_CONF=$conf CEPH_ARGS=
access=dcron-test secret=a-secret-of-the-tests-0123456789
mkdir -p "$folder"/{mon,osd,rgw,run,crash}

fsid=$(cat /proc/sys/kernel/random/uuid) osd=$(cat /proc/sys/kernel/random/uuid)
monitor="[v2:127.0.0.1:$((port + 1)),v1:127.0.0.1:$((port + 2))]"
cat > "$conf" << END
[global]
fsid = $fsid
mon host = $monitor
mon initial members = a
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind port min = $((port + 3))
ms bind port max = $((port + 15))
auth allow insecure global id reclaim = false
keyring = $folder/keyring
admin socket =
run dir = $folder/run
crash dir = $folder/crash
log file = $folder/\$name.log
log to stderr = false
mon cluster log file = $folder/cluster.log
max open files = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
[mon]
mon data = $folder/mon
mon data avail crit = 1
mon data avail warn = 2
# one monitor has nobody to wait for
paxos propose interval = 0.05
paxos min wait = 0.01
[osd]
osd data = $folder/osd
osd objectstore = memstore
memstore device bytes = 4294967296
memstore page set = false
osd class update on start = false
[client.rgw]
rgw data = $folder/rgw
rgw frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1
rgw dns name = s3.test
rgw thread pool size = 32
# deleted bytes leave the memory at once, not after two hours
rgw gc obj min wait = 1
rgw gc processor period = 2
rgw gc processor max time = 2
rgw enable quota threads = false
rgw dynamic resharding = false
rgw rados pool pg num min = 4
rgw override bucket index max shards = 1
rgw num rados handles = 1
END

make() { "$@" >> "$folder/make.out" 2>&1 || fail "$1 did not work"; }
make ceph-authtool -C "$folder/keyring" -g -n mon. --cap mon 'allow *'
make ceph-authtool "$folder/keyring" -g -n client.admin --cap mon 'allow *' --cap osd 'allow *'
make ceph-authtool "$folder/keyring" -g -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *'
make ceph-authtool "$folder/keyring" -g -n client.rgw --cap mon 'allow rw' --cap osd 'allow rwx'
make monmaptool --create --clobber --fsid "$fsid" --addv a "$monitor" "$folder/monmap"
make ceph-mon --mkfs -i a --monmap "$folder/monmap" --keyring "$folder/keyring"
make ceph-osd --mkfs -i 0 --osd-uuid "$osd" --no-mon-config
spawn mon ceph-mon -f -i a
make timeout 30 ceph --connect-timeout 25 osd new "$osd" 0
spawn osd ceph-osd -f -i 0

start() {
    spawn rgw radosgw -f -n client.rgw
    await rgw "$port"
}
stop() { end rgw KILL; } # asked politely, it takes five seconds

start
make timeout 60 radosgw-admin user create --uid=dcron --display-name=dcron --access-key="$access" --secret-key="$secret"
cat << END
S3_ENDPOINT=http://127.0.0.1:$port
S3_ACCESS_KEY=$access
S3_SECRET_KEY=$secret
END
obey start stop
