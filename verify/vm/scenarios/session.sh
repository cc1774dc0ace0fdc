#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# about: in a login session a limit is kept, and one that cannot be is refused with the reason
# set: short
# seconds: 600
. /opt/scenarios/checks.sh
if ((EUID == 0)); then
    old_delegation
    exec su -l alice -c "bash $0"
fi

check_says "the user's systemd runs" '^running$' systemctl --user is-system-running --wait
check_says "kelp starts" '^ Version:' kelp version
check "an image" busybox_image
check_says "the cgroup manager is systemd" '^systemd$' kelp info -f '{{.CgroupDriver}}'
check_says "memory, seen inside" '^67108864$' kelp run --rm -m 64m busybox cat /sys/fs/cgroup/memory.max
check_fails "a controller that does not come down to the user is named" \
    'controller cpu(set)? is not delegated.* has it and does not hand it on to ' \
    kelp run --rm --cpus 1 --cpuset-cpus 0 busybox true
check_says "the engine is in a scope of its own" 'user@1000.service/user.slice/kelp-engine-[0-9]+.scope$' \
    bash -c 'cat /proc/$(kelp system status | sed -n "s/^daemon pid: //p")/cgroup'
check "no scope of a container is left" eventually no_container_scope
check "the engine goes" kelp system stop
finish
