#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# about: limits without a systemd of the user's: root's, and in a cgroup that root gave a user by hand
# set: long
# seconds: 1200
. /opt/scenarios/checks.sh

# -------- root's own containers

check "an image of root's" busybox_image
check_says "memory, seen inside" '^67108864$' kelp run --rm -m 64m busybox cat /sys/fs/cgroup/memory.max
check_says "cpus and pids, with runc" '^50000 100000 77$' \
    kelp run --rm --runtime=runc --cpus 0.5 --pids-limit 77 busybox \
    sh -c 'cd /sys/fs/cgroup; echo $(cat cpu.max pids.max)'
check "root's engine goes" kelp system stop

# -------- as `kelp setup check` tells who has no systemd

group=/sys/fs/cgroup/kelp-1000
mkdir -p $group
echo '+cpu +cpuset +io +memory +pids' >/sys/fs/cgroup/cgroup.subtree_control
chown alice $group $group/cgroup.procs $group/cgroup.subtree_control $group/cgroup.threads
given() { # COMMAND...: by alice, in that cgroup, with no session
    bash -c 'echo $$ >'$group'/cgroup.procs && exec setpriv --reuid=alice --regid=alice --init-groups \
        env -i HOME=/home/alice USER=alice PATH="$PATH" "$@"' bash "$@"
}
check "an image" given bash -c '. /opt/scenarios/checks.sh; busybox_image'
check_says "the cgroup manager is cgroupfs" '^cgroupfs$' given kelp info -f '{{.CgroupDriver}}'
check_says "a memory limit in the given cgroup" '^33554432$' \
    given kelp run --rm -m 32m busybox cat /sys/fs/cgroup/memory.max
check_says "cpus with runc" '^150000 100000$' \
    given kelp run --rm --runtime=runc --cpus 1.5 busybox cat /sys/fs/cgroup/cpu.max
check_fails "an eater is killed" '' given kelp run --name eater -m 24m --memory-swap 24m busybox \
    sh -c 'head -c 200m /dev/zero | tail -c 200m >/dev/null; exit $?'
check_says "and inspect says so" '^true$' given kelp inspect -f '{{.State.OOMKilled}}' eater
check "its engine goes" given kelp system stop
finish
