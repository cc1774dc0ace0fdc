# SPDX-License-Identifier: Apache-2.0
# Sourced by scenarios. A check is a command with what is expected of it; it becomes a test of its name.
#
#   check NAME COMMAND...             it succeeds
#   check_says NAME REGEX COMMAND...  it succeeds and a line it prints matches (grep -E)
#   check_fails NAME REGEX COMMAND... it fails and a line it prints matches
#   check_said NAME REGEX             the last check's command printed that, too
#   eventually COMMAND...             tries for a minute until it succeeds
#   no_container_scope                the user's systemd has the running engine's scope and no container's
#   note WORD...                      is printed, for who reads the log
#   finish                            last line
# Commands are words; `bash -c '...'` for more. Their output goes through a file: a daemon that one of them starts would
# keep a pipe open.
output=$(mktemp)
last=$(mktemp)

check_ended() { # code, expected regex, wanted: ok or failure
    [[ $3 == ok && $1 == 0 || $3 == failure && $1 != 0 ]] && { [[ -z $2 ]] || grep -qE -- "$2" "$output"; }
}

check_run() { # wanted, name, regex, command...
    local wanted=$1 name=$2 regex=$3 code=0 begin=$EPOCHREALTIME took
    shift 3
    "$@" >"$output" 2>&1 </dev/null || code=$?
    [[ ${*: -1} == "$last" ]] || cp "$output" "$last"
    took=$(awk -v a="$begin" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
    if check_ended $code "$regex" "$wanted"; then
        echo "@ pass $took $name"
    else
        echo "@ fail $took $name"
        echo "exit code $code of: $*${regex:+, expected to say: $regex}"
        head -c 8000 "$output"
        echo
    fi
}

check() { check_run ok "$1" '' "${@:2}"; }
check_says() { check_run ok "$@"; }
check_fails() { check_run failure "$@"; }
check_said() { check_run ok "$1" "$2" bash -c 'cat "$1"' bash "$last"; }
note() { echo "@ note $*"; }
finish() {
    rm -f "$output" "$last"
    echo "@ end"
}

eventually() {
    local n
    for n in {1..120}; do
        "$@" >/dev/null 2>&1 && return
        sleep 0.5
    done
    "$@"
}

no_container_scope() {
    local scopes
    scopes=$(systemctl --user list-units --full --no-legend 'kelp-*.scope') || return
    grep kelp-engine <<<"$scopes" && ! grep -v kelp-engine <<<"$scopes"
}

# old_delegation: as root, user managers that start from now on hand on what systemd's did before version 252
old_delegation() {
    mkdir -p /etc/systemd/system/user@.service.d
    printf '[Service]\nDelegate=\nDelegate=memory pids\n' >/etc/systemd/system/user@.service.d/00-old.conf
    systemctl daemon-reload
}

# delegate CONTROLLER...: as root, what user managers that start from now on hand to users
delegate() {
    mkdir -p /etc/systemd/system/user@.service.d
    printf '[Service]\nDelegate=%s\n' "$*" >/etc/systemd/system/user@.service.d/delegate.conf
    systemctl daemon-reload
}

# busybox_image: makes an image `busybox` of the machine's own one
busybox_image() {
    local root applet
    root=$(mktemp -d)
    mkdir -p "$root"/{bin,tmp,proc,sys,dev,etc}
    cp /bin/busybox "$root/bin/"
    for applet in sh cat echo head id kill ls seq sleep tail true; do ln -s busybox "$root/bin/$applet"; done
    tar -C "$root" -cf "$root.tar" .
    kelp import "$root.tar" busybox
}
