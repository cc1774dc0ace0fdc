#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# about: a controller that does not come down to the user is named with its layer
# set: long
# seconds: 600
. /opt/scenarios/checks.sh
if ((EUID == 0)); then
    old_delegation
    exec su -l alice -c "bash $0"
fi
check "an image" busybox_image
check_says "memory comes down" '^67108864$' kelp run --rm -m 64m busybox cat /sys/fs/cgroup/memory.max
check_fails "cpu does not" \
    'controller cpu is not delegated.* has it and does not hand it on to ' \
    kelp run --rm --cpus 1 busybox true
check_fails "the hint" 'kelp setup check' kelp run --rm --cpuset-cpus 0 busybox true
check_says "with a flag a warning, and the other limits" '^67108864$' \
    kelp run --rm --best-effort-limits --cpus 1 -m 64m busybox cat /sys/fs/cgroup/memory.max
check_fails "update neither" 'controller cpu is not delegated' \
    bash -c 'kelp run -d --name c busybox sleep 100 && kelp update --cpus 1 c'
check_says "check names it" 'The cgroup v2 controller "cpu" is not delegated' kelp setup check
kelp rm -f c
kelp system stop
finish
