#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `kelp system start --foreground`, `containerd-rootless.sh` and `containerd`: the process that stands for the engine
# where a service manager wants one in the foreground. The engine is not its child: the holder leads a session of its
# own and, where the user's systemd answers, lives in a scope of its own. So what is done to this process stops no
# container.
#
#   start      a running engine's daemon starts anew with this environment; one without containers starts anew as a
#              whole, so that settings of its namespaces count, too
#   HUP        the daemon starts anew
#   TERM, INT  the engine ends; while containers run, only when systemd says that it is a stop and no restart
#   its end    is the engine's: 0 when somebody stopped that, else 1
#
# A descriptor 3 that systemd made (LISTEN_FDS) becomes the socket clients connect to.
#
# Called as `containerd` it takes containerd's options and config.toml: Kelp's folders are below `root` and `state`, and
# at the address lies a link to Kelp's socket, which clients follow that have it in CONTAINERD_ADDRESS. In a launcher's
# namespaces the engine has those. They end with the launcher, so nothing keeps the engine when this process is ended.
# The user's engine outside is in reach of a launcher, too: what is not named there is where containerd has it.
set -u
umask 077
kelp=${0%/lib/*}/bin/kelp

say() {
    echo "kelp: $*" >&2
}

# The engine that runs; all is empty when none does.
look() {
    engine=$("$kelp" system status 2>/dev/null)
    holder=$(told 'holder pid') run=$(told 'run root') data=$(told 'data root')
    [ -z "$folders" ] || [ -z "$data" ] || [ "$data" = "$KELP_DATA_ROOT" ] ||
        end_with "use data root $KELP_DATA_ROOT: the engine in $run has another one, $data"
}

told() {
    printf '%s\n' "$engine" | sed -n "s/^$1: //p"
}

# The monitors of the engine's containers that live. What a file says may be another process by now.
monitors() {
    [ -n "$run" ] || return 0
    for file in "$run"/containers/*/conmon.pid; do
        [ -r "$file" ] && pid=$(cat "$file") && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = conmon ] &&
            tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$run/" && echo "$pid"
    done
}

containers_run() {
    [ -n "$(monitors)" ]
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
    [ -n "$run" ] || look
    if [ -z "$configured" ] && containers_run && ! is_stop; then
        say "containers run, so the engine stays; to stop it: kelp system stop"
    else
        "$kelp" system stop
        end_containers
    fi
    [ -z "${waiter-}" ] || kill "$waiter" 2>/dev/null
    withdraw
    exit 0
}

# Once a launcher's namespaces are gone, nobody reaches what runs in them; the next start sees to restart policies.
end_containers() {
    [ -n "$configured" ] && [ -n "${ROOTLESSKIT_STATE_DIR-}" ] || return 0
    for signal in TERM KILL; do
        for monitor in $(monitors); do
            for pid in $(cat "/proc/$monitor/task/$monitor/children" 2>/dev/null); do
                kill -$signal "$pid" 2>/dev/null
            done
        done
        tries=0
        while containers_run && [ $((tries += 1)) -le 100 ]; do
            sleep 0.1
        done
    done
}

# False where there is something that is no link, such as the socket of a containerd that runs.
address_is_free() {
    [ -L "$address" ] || [ ! -e "$address" ]
}

# The link where containerd's socket would be.
publish() {
    [ -n "$address" ] && [ -n "$run" ] || return 0
    if address_is_free && mkdir -p "${address%/*}" && ln -sfn "$run/kelp.sock" "$address"; then
        say "clients find the engine by CONTAINERD_ADDRESS=$address"
    else
        [ -z "$asked" ] || end_with "make the link $address to the engine's socket"
        say "there is no link to the engine at $address"
        address=
    fi
}

withdraw() {
    [ -z "$address" ] || [ -z "$run" ] || [ "$(readlink "$address")" != "$run/kelp.sock" ] || rm -f "$address"
}

end_with() {
    say "error: $*"
    exit 1
}

# setting TABLE KEY: what the configuration says, where TABLE is empty for keys that are in none
setting() {
    awk -v table="$1" -v key="$2" '
        /^[ \t]*\[/ { now = $0; sub(/#.*/, "", now); gsub(/[][ \t]/, "", now); next }
        now == table && index($0, "=") {
            name = substr($0, 1, index($0, "=") - 1); gsub(/[ \t"]/, "", name)
            value = substr($0, index($0, "=") + 1); sub(/^[ \t]*/, "", value); quote = substr(value, 1, 1)
            if (name != key || (quote != "\"" && quote != "\047")) next
            value = substr(value, 2); print substr(value, 1, index(value, quote) - 1); exit
        }' "$config"
}

# The words of containerd itself, as far as they are about the engine and not its plugins.
as_daemon() {
    configured=yes config=/etc/containerd/config.toml given='' root='' state=''
    while [ $# -gt 0 ]; do
        word=$1 value=
        case $word in
        --*=*) value=${word#*=} word=${word%%=*} ;;
        -c | --config | -a | --address | --root | --state | -l | --log-level | --log-format)
            [ $# -gt 1 ] || end_with "flag needs an argument: $word"
            value=$2
            shift
            ;;
        esac
        shift
        case $word in
        -c | --config) config=$value given=yes ;;
        -a | --address) asked=$value ;;
        --root) root=$value ;;
        --state) state=$value ;;
        -l | --log-level | --log-format) ;;
        -v | --version) exec "$kelp" --version ;;
        *) end_with "containerd $word: Kelp knows --config, --address, --root, --state and --version" ;;
        esac
    done
    if [ -r "$config" ]; then
        root=${root:-$(setting '' root)} state=${state:-$(setting '' state)} asked=${asked:-$(setting grpc address)}
    elif [ -n "$given" ]; then
        end_with "read $config: no such file, or it may not be read"
    fi
    for folder in "$root" "$state" "$asked"; do
        case $folder in '' | /*) ;; *) end_with "use $folder: it must be an absolute path" ;; esac
    done
    address=${asked:-/run/containerd/containerd.sock}
    address_is_free || [ -z "$asked" ] || end_with "use address $address: there is something, and it is no link"
    if [ -n "${ROOTLESSKIT_STATE_DIR-}$root$state" ]; then
        root=${root:-/var/lib/containerd} state=${state:-/run/containerd} folders=yes
        export KELP_DATA_ROOT="${root%/}/kelp" KELP_RUN_ROOT="${state%/}/kelp"
        mkdir -p "$KELP_DATA_ROOT" "$KELP_RUN_ROOT" ||
            end_with "make folders in $root and $state: name others by root and state in $config, or --root and --state"
    fi
    unset CONTAINERD_ADDRESS
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

configured='' folders='' address='' asked=''
case ${KELP_CALLED_AS-} in
containerd | */containerd) as_daemon "$@" ;;
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
# It is not ended before it is known which engine that would end.
early=''
trap 'early=yes' TERM INT
look
trap end TERM INT
[ -z "$early" ] || end
listens=yes
if [ -n "${KELP_LISTENER-}" ] && [ -n "$holder" ]; then
    tr '\0' '\n' <"/proc/$holder/environ" 2>/dev/null | grep -q '^KELP_LISTENER=' || listens=
fi
if [ -z "$configured" ] && [ -n "$holder" ] && [ -n "$listens" ] && containers_run; then
    hand_over_settings
    "$kelp" system restart || exit
else
    [ -z "$holder" ] || "$kelp" system stop || exit
    end_containers
    "$kelp" system start || exit
fi
# Has it move into its scope, out of the cgroup that ends with this process.
"$kelp" info >/dev/null 2>&1
look
trap '"$kelp" system restart' HUP
publish
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
withdraw
[ ! -e "$run/holder.sock" ]
