#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# about: from a fresh machine to containers that come back after a reboot
# set: long
# seconds: 2400
# boots: 2
. /opt/scenarios/checks.sh
alice() { as alice bash -c "$1"; }
log_out() {
    loginctl terminate-user alice 2>/dev/null || true # ends a session that logind still knows
    systemctl stop user@1000.service
}

if [[ $BOOT == 2 ]]; then
    check "nobody has logged in" bash -c '! loginctl list-sessions --no-legend | grep -q alice'
    check "the user's systemd runs all the same" eventually systemctl is-active user@1000.service
    check "containers that always restart are there" eventually alice 'nerdctl ps --format "{{.Names}} {{.Status}}" | grep "^web Up"'
    check_says "with their network and their files" '^kept$' alice 'nerdctl exec web cat /kept'
    check_says "others are not started" '^once Exited' alice 'nerdctl ps -a --format "{{.Names}} {{.Status}}"'
    check "uninstall" alice 'nerdctl rm -f web once; containerd-rootless-setuptool.sh uninstall'
    finish
    exit
fi

old_delegation
check_says "check warns of the missing controller" \
    '^\[WARNING\] The cgroup v2 controller "cpu" is not delegated for the current user \("/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/cgroup.controllers"\)' \
    alice 'containerd-rootless-setuptool.sh check'
check "the drop-in" delegate cpu cpuset io memory pids
log_out
check_says "check is content" '^\[INFO\] Requirements are satisfied$' alice 'containerd-rootless-setuptool.sh check'
check "check is clean" bash -c "! grep WARNING $last"
check "install" alice 'containerd-rootless-setuptool.sh install'
check_says "status" 'Active: active \(running\)' alice 'systemctl --user status containerd.service --no-pager'
check "an image" alice '. /opt/scenarios/checks.sh; busybox_image'
check_says "run" '^uid=0 ' alice 'nerdctl run --rm busybox id'
check "a container that always restarts" alice 'nerdctl run -d --name web --restart=always busybox sh -c "sleep 100000"'
check "with a file" alice 'nerdctl exec web sh -c "echo kept >/kept"'
check "and one that does not" alice 'nerdctl run -d --name once busybox sleep 100000'
before=$(alice 'nerdctl inspect -f "{{.State.Pid}}" web once' | tr '\n' ' ')
check "restart of the service" alice 'systemctl --user restart containerd.service'
check_says "stops no container" "^$before\$" alice 'nerdctl inspect -f "{{.State.Pid}}" web once | tr "\n" " "; echo'
check "and their processes live" kill -0 $before
check "linger" alice 'loginctl enable-linger alice'
log_out_only() { loginctl list-sessions --no-legend | awk '$3 == "alice" { print $1 }' | xargs -r loginctl terminate-session; }
log_out_only
sleep 12 # logind ends what is left of a user after 10 s: that nothing ends tells no event
check "after logout the containers run" kill -0 $before
finish
