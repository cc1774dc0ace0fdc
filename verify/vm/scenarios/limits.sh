#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# about: limits are kept, changed, counted and told, with systemd's scopes
# set: long
# seconds: 1200
. /opt/scenarios/checks.sh
if ((EUID == 0)); then
    delegate cpu cpuset io memory pids
    exec su -l alice -c "bash $0"
fi

inside() { kelp exec limited cat "/sys/fs/cgroup/$1"; }
scope() { find "/sys/fs/cgroup/user.slice/user-$UID.slice" -type d -name "kelp-$(kelp inspect -f '{{.Id}}' limited).scope"; }

check "an image" busybox_image
check_says "the cgroup manager is systemd" '^systemd$' kelp info -f '{{.CgroupDriver}}'
check_says "the engine is in a scope of its own" 'user@1000.service/user.slice/kelp-engine-[0-9]+.scope$' \
    bash -c 'cat /proc/$(kelp system status | sed -n "s/^daemon pid: //p")/cgroup'
check "run" kelp run -d --name limited -m 64m --memory-swap 80m --memory-reservation 32m --cpus 0.5 --cpu-shares 512 \
    --pids-limit 77 --cpuset-cpus 0 --blkio-weight 300 busybox sleep 1000
check_says "it is a scope of the user's systemd" 'kelp-[0-9a-f]{64}.scope.*running' \
    systemctl --user list-units --full --no-legend 'kelp-*.scope'
check_says "at the machine's end systemd waits for it as stop does" '^TimeoutStopUSec=10s$' \
    bash -c 'systemctl --user show -p TimeoutStopUSec "kelp-$(kelp inspect -f "{{.Id}}" limited).scope"'
check_says "memory, seen inside" '^67108864$' inside memory.max
check_says "swap, seen inside" '^16777216$' inside memory.swap.max
check_says "memory reservation, seen inside" '^33554432$' inside memory.low
check_says "cpus, seen inside" '^50000 100000$' inside cpu.max
check_says "cpu shares, seen inside" '^20$' inside cpu.weight
check_says "pids, seen inside" '^77$' inside pids.max
check_says "cpuset, seen inside" '^0$' inside cpuset.cpus.effective
check_says "block I/O weight, seen inside" '^default 2930$' inside io.weight
check_says "stats: the limit is the kernel's" '64MiB \| [1-9][0-9]*$' \
    kelp stats --no-stream --format '{{.MemUsage}} | {{.PIDs}}' limited
check_says "top" 'sleep 1000' kelp top limited
check_says "exec is in the cgroup" '^0::/' kelp exec limited cat /proc/self/cgroup
check_fails "pids limit holds" "can't fork|Resource temporarily unavailable" \
    kelp exec limited sh -c 'for i in $(seq 100); do sleep 5 & done 2>&1; true'
check "update" kelp update -m 96m --memory-swap 96m --cpus 1 --pids-limit 50 limited
check_says "the new memory, seen inside" '^100663296$' inside memory.max
check_says "the new cpus, seen inside" '^100000 100000$' inside cpu.max
check_says "the new pids, seen inside" '^50$' inside pids.max
check_says "the old cpuset, seen inside" '^0$' inside cpuset.cpus.effective
check "pause" kelp pause limited
check_says "it is frozen" '^frozen 1$' bash -c "cat $(scope)/cgroup.events $(scope)/*/cgroup.events 2>/dev/null"
check "unpause" kelp unpause limited
check_fails "memory eater" '' kelp run --name eater -m 24m --memory-swap 24m busybox \
    sh -c 'head -c 200m /dev/zero | tail -c 200m >/dev/null; exit $?'
check_says "inspect says OOMKilled" '^true$' kelp inspect -f '{{.State.OOMKilled}}' eater
check_says "events say oom" 'oom.*eater' bash -c 'kelp events --since 10m --until 0s'
check_says "a parent slice" 'user@1000.service/batch.slice/kelp-' \
    bash -c 'kelp run -d --name below --cgroup-parent batch.slice busybox sleep 100 && cat /proc/$(kelp inspect -f "{{.State.Pid}}" below)/cgroup'
check_fails "a parent that is no slice" 'systemd knows slices' kelp run --rm --cgroup-parent /a/b busybox true
check_says "the manager none: a warning" 'the cgroup manager is none' \
    kelp --cgroup-manager=none run --rm -m 64m busybox true
check_says "cgroupfs works from here too" '^33554432$' \
    kelp --cgroup-manager=cgroupfs run --name fs -m 32m busybox cat /sys/fs/cgroup/memory.max
check "removed" kelp rm -f limited eater below fs
check "no scope is left" eventually no_container_scope
check_says "a limit with runc" '^50331648$' kelp run --rm --runtime=runc -m 48m busybox cat /sys/fs/cgroup/memory.max
check "the engine goes" kelp system stop

# -------- a systemd that does not answer in time

manager=$(pgrep -u $UID -x systemd | head -1)
kill -STOP "$manager"
kelp run --rm -m 64m busybox cat /sys/fs/cgroup/memory.max >/tmp/late 2>&1 </dev/null &
asked() { eventually grep "try 1 to make kelp-engine" "$XDG_RUNTIME_DIR/kelp/daemon.log"; }
check "the engine asks for its scope in vain" bash -c "$(declare -f eventually asked); asked || asked"
kill -CONT "$manager"
wait
check_says "and once more: the limit is kept" '^67108864$' cat /tmp/late
check "the engine goes again" kelp system stop
finish
