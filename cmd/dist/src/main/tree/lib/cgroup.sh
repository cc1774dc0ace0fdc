#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# cgroup.sh PID UID:GID, as real root: moves the process, which is to be the engine's holder, into a cgroup of its own
# and hands that over to whom it goes on as. Nobody else could make cgroups for containers there: the machine's are
# root's. Where systemd runs it is a scope, which no end of a service or a session takes down.
set -u
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
pid=$1 owner=$2
top=/sys/fs/cgroup
[ -e "$top/cgroup.controllers" ] || exit 0

own() {
    sed -n 's/^0:://p' "/proc/$pid/cgroup"
}

scope() {
    unit=kelp-engine-$pid.scope
    busctl --quiet call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager \
        StartTransientUnit 'ssa(sv)a(sa(sv))' "$unit" fail \
        3 Description s "Kelp's engine of root" Delegate b true PIDs au 1 "$pid" 0 || return
    tries=300 # the answer comes before the move
    while [ "$(own)" = "${1-}" ] && [ $((tries -= 1)) -gt 0 ]; do
        sleep 0.1
    done
    [ "$(own)" != "$1" ]
}

# Engines that have ended have left theirs: one without processes can be removed.
folder() {
    for old in "$top"/kelp-engine-*/engine "$top"/kelp-engine-*; do
        rmdir "$old" 2>/dev/null
    done
    for controller in cpu cpuset io memory pids; do
        # the kernel may lack one
        echo "+$controller" 2>/dev/null >"$top/cgroup.subtree_control"
    done
    mkdir "$top/kelp-engine-$pid" && echo "$pid" >"$top/kelp-engine-$pid/cgroup.procs"
}

if [ -d /run/systemd/system ]; then
    scope "$(own)" || exit
else
    folder || exit
fi
group=$top$(own)
cd "$group" && chown "$owner" . cgroup.procs cgroup.subtree_control cgroup.threads
