#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `kelp system start --foreground`, and `containerd-rootless.sh`: the process that stands for the engine where a service
# manager wants one in the foreground. The engine is not its child: the holder leads a session of its own and, where the
# user's systemd answers, lives in a scope of its own. So what is done to this process stops no container.
#
#   start      a running engine's daemon starts anew with this environment; one without containers starts anew as a
#              whole, so that settings of its namespaces count, too
#   HUP        the daemon starts anew
#   TERM, INT  the engine ends; while containers run, only when systemd says that it is a stop and no restart
#   its end    is the engine's: 0 when somebody stopped that, else 1
#
# A descriptor 3 that systemd made (LISTEN_FDS) becomes the socket clients connect to.
set -u
umask 077
kelp=${0%/lib/*}/bin/kelp

say() {
    echo "kelp: $*" >&2
}

# What one line of `kelp system status` says.
status() {
    "$kelp" system status 2>/dev/null | sed -n "s/^$1: //p"
}

# Whether a monitor of a container lives.
containers_run() {
    for file in "$run"/containers/*/conmon.pid; do
        [ -r "$file" ] && [ "$(cat "/proc/$(cat "$file")/comm" 2>/dev/null)" = conmon ] && return 0
    done
    return 1
}

# Whether the service manager means this to stay down. OpenRC says so itself, after this process has ended.
is_stop() {
    unit=$(sed -n 's,^0::.*/\([^/]*\.service\).*,\1,p' /proc/self/cgroup)
    [ -n "$unit" ] || return 1
    case $(systemctl --user list-jobs --no-legend "$unit" 2>/dev/null) in
    *' stop '*) return 0 ;;
    esac
    return 1
}

end() {
    trap '' TERM INT HUP
    if containers_run && ! is_stop; then
        say "containers run, so the engine stays; to stop it: kelp system stop"
    else
        "$kelp" system stop
    fi
    [ -z "${waiter-}" ] || kill "$waiter" 2>/dev/null
    exit 0
}

# The words of containerd's own start script.
as_containerd() {
    if [ "$(id -u)" = 0 ]; then
        echo "Must not run as root"
        exit 1
    fi
    case ${1-} in
    check | install | uninstall)
        echo "Did you mean 'containerd-rootless-setuptool.sh $*' ?"
        exit 1
        ;;
    esac
    [ $# = 0 ] || say "options of containerd have no effect here: $*"
}

# A value that is neither yes nor no; the engine would tell it to the first command that needs it.
check_settings() {
    for name in DETACH_NETNS IPV6; do
        name=CONTAINERD_ROOTLESS_ROOTLESSKIT_$name
        value=$(printenv "$name")
        case $name=$value in
        *=1 | *=true | *=0 | *=false | *= | *DETACH_NETNS=auto) ;;
        *)
            echo "Unknown $name value: $value" >&2
            exit 1
            ;;
        esac
    done
}

# With containers, whose namespaces stay: daemons read this in the place of the holder's environment. The next holder
# removes it.
hand_over_settings() {
    env | grep '^CONTAINERD_ROOTLESS_ROOTLESSKIT_[A-Z0-9_]*=' >"$run/environment.new"
    mv "$run/environment.new" "$run/environment"
}

case ${KELP_CALLED_AS-} in
containerd-rootless.sh | */containerd-rootless.sh) as_containerd "$@" ;;
*)
    if [ $# != 0 ]; then
        say "error: system start --foreground has no arguments: $*"
        exit 125
    fi
    ;;
esac
check_settings
if [ "${LISTEN_PID-}" = $$ ] && [ "${LISTEN_FDS-}" = 1 ]; then
    export KELP_LISTENER=1
fi
unset LISTEN_PID LISTEN_FDS LISTEN_FDNAMES
trap end TERM INT

holder=$(status 'holder pid')
run=$(status 'run root')
listens=yes
if [ -n "${KELP_LISTENER-}" ] && [ -n "$holder" ]; then
    tr '\0' '\n' <"/proc/$holder/environ" 2>/dev/null | grep -q '^KELP_LISTENER=' || listens=
fi
if [ -n "$holder" ] && [ -n "$listens" ] && containers_run; then
    hand_over_settings
    "$kelp" system restart || exit
else
    [ -z "$holder" ] || "$kelp" system stop || exit
    "$kelp" system start || exit
fi
# Has it move into its scope, out of the cgroup that ends with this process.
"$kelp" info >/dev/null 2>&1
run=$(status 'run root')
data=$(status 'data root')
trap '"$kelp" system restart' HUP
[ -z "${NOTIFY_SOCKET-}" ] || systemd-notify --ready
[ -z "${KELP_READY_FD-}" ] || eval "echo >&$KELP_READY_FD"

# Somebody may have stopped it already.
[ -n "$data" ] || exit 0
# The holder has this lock as long as it lives.
flock --shared "$data/lock" true &
waiter=$!
while kill -0 "$waiter" 2>/dev/null; do
    wait "$waiter"
done
[ ! -e "$run/holder.sock" ]
