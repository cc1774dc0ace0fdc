#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# about: limits are kept where no systemd of the user's is: for root, and in a cgroup that root handed over by hand
# set: long
# seconds: 1200
. /opt/scenarios/checks.sh

inside() { kelp exec limited cat "/sys/fs/cgroup/$1"; }
daemon_cgroup() { cat "/proc/$(kelp system status | sed -n 's/^daemon pid: //p')/cgroup"; }

# limits WHO GROUP: what the engine of this user keeps; its own cgroup ends with GROUP
limits() {
    local who=$1
    check "$who: an image" busybox_image
    check_says "$who: the cgroup manager is cgroupfs" '^cgroupfs$' kelp info -f '{{.CgroupDriver}}'
    check_says "$who: the engine is in a cgroup of its own" "$2/engine\$" daemon_cgroup
    check "$who: run" kelp run -d --name limited -m 64m --memory-swap 80m --cpus 0.5 --pids-limit 77 \
        --cpuset-cpus 0 --blkio-weight 300 busybox sleep 1000
    check_says "$who: memory, seen inside" '^67108864$' inside memory.max
    check_says "$who: cpus, seen inside" '^50000 100000$' inside cpu.max
    check_says "$who: pids, seen inside" '^77$' inside pids.max
    check_says "$who: cpuset, seen inside" '^0$' inside cpuset.cpus.effective
    check_says "$who: block I/O weight, seen inside" '^default 2930$' inside io.weight
    check_says "$who: stats: the limit is the kernel's" '64MiB \| [1-9][0-9]*$' \
        kelp stats --no-stream --format '{{.MemUsage}} | {{.PIDs}}' limited
    check "$who: update" kelp update -m 96m --memory-swap 96m --cpus 1 limited
    check_says "$who: the new memory, seen inside" '^100663296$' inside memory.max
    check_says "$who: the new cpus, seen inside" '^100000 100000$' inside cpu.max
    check_fails "$who: memory eater" '' kelp run --name eater -m 24m --memory-swap 24m busybox \
        sh -c 'head -c 200m /dev/zero | tail -c 200m >/dev/null; exit $?'
    check_says "$who: inspect says OOMKilled" '^true$' kelp inspect -f '{{.State.OOMKilled}}' eater
    check_says "$who: a parent" "$2/batch/kelp-" \
        bash -c 'kelp run -d --name below --cgroup-parent batch busybox sleep 100 &&
            cat /proc/$(kelp inspect -f "{{.State.Pid}}" below)/cgroup'
    check_fails "$who: no systemd" 'use the cgroup manager systemd' kelp --cgroup-manager=systemd run --rm busybox true
    check "$who: removed" kelp rm -f limited eater below
    check "$who: the engine goes" kelp system stop
}

if ((EUID != 0)); then
    limits "by hand" "/kelp-$UID"
    exit
fi
limits root '/kelp-engine-[0-9]+.scope'

# -------- alice, without a session: the lines `kelp setup check` has for machines without systemd

systemctl stop user@1000.service
group=/sys/fs/cgroup/kelp-1000
mkdir -p $group
echo '+cpu +cpuset +io +memory +pids' >/sys/fs/cgroup/cgroup.subtree_control
chown alice $group $group/cgroup.procs $group/cgroup.subtree_control $group/cgroup.threads
bash -c 'echo $$ >"$0/cgroup.procs" && exec setpriv --reuid=alice --regid=alice --init-groups \
    env -i HOME=/home/alice USER=alice PATH="$PATH" bash "$1"' $group "$0"
finish
