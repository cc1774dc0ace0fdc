#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# about: what is broken is named, and what check says to type mends it
# set: long
# seconds: 1500
. /opt/scenarios/checks.sh
# `kelp setup check` takes a minute in here, so what does not hide one another is broken at once.
found=/tmp/found

# survey COMMAND...: has a look at the machine; 1 is the exit code where no container could run
survey() {
    "$@" kelp setup check >$found 2>&1 || (($? == 1)) || { cat $found && return 1; }
}

# named FINDING STATE REASON, fine FINDING: in the last survey
named() { check_says "$1: is named" "^$2 +$1 .*$3" cat $found; }
fine() { check_says "$1: is fine then" "^ok +$1 " cat $found; }

# remedy FINDING WHO: the lines that `root` or `you` are told to type
remedy() {
    awk -v name="$1" -v who="$2" '
        /^(ok|note|warning|error) / { on = index($0, " " name " ") > 0; mine = 0; next }
        on && /^           as root:/ { mine = who == "root"; next }
        on && /^           type:/ { mine = who == "you"; next }
        on && /^           [^ ]/ { mine = 0 }
        on && mine { sub(/^             /, ""); print }' $found
}

# mend FINDING: root types what is said
mend() {
    remedy "$1" root >/tmp/remedy
    sed 's/^/# /' /tmp/remedy
    check "$1: the remedy can be typed" bash -c '[[ -s /tmp/remedy ]] && sh -ex /tmp/remedy'
}

log_out() {
    loginctl terminate-user alice
    systemctl stop user@1000.service
}

# su without a session: neither PAM nor logind know of it
no_session() { setpriv --reuid=alice --regid=alice --init-groups env -i HOME=/home/alice USER=alice PATH="$PATH" "$@"; }

# -------- warnings: all at once

modprobe tun
sed -i /^alice:/d /etc/subuid /etc/subgid
chmod 600 /dev/net/tun
modprobe -r overlay
echo 'blacklist overlay' >/etc/modprobe.d/broken.conf
check "a survey of a machine with five faults" survey as alice
named "subordinate ids" warning "none for alice"
named tun warning "is closed to alice"
named overlayfs warning "cannot be mounted in a user namespace"
named "cgroup delegation" warning "cpuset ends at /sys/fs/cgroup"
named lingering warning "ends what runs for alice with the last session"
for f in "subordinate ids" tun overlayfs "cgroup delegation" lingering; do mend "$f"; done
log_out # as is said: log in again
check "a survey afterwards" survey as alice
for f in "subordinate ids" tun overlayfs "cgroup delegation" lingering; do fine "$f"; done
check_says "all is well" "^\[INFO\] Requirements are satisfied$" cat $found

# -------- errors: one hides the other

sysctl -qw kernel.unprivileged_userns_clone=0
check "a survey without user namespaces" survey as alice
named "user namespaces" error "kernel.unprivileged_userns_clone is 0"
mend "user namespaces"
sysctl -qw user.max_user_namespaces=0
check "a survey without room for user namespaces" survey as alice
named "user namespaces" error "user.max_user_namespaces is 0"
mend "user namespaces"
if [[ -e /proc/sys/kernel/apparmor_restrict_unprivileged_userns ]]; then
    sysctl -qw kernel.apparmor_restrict_unprivileged_userns=1
    check "a survey with AppArmor's restriction" survey as alice
    named "user namespaces" error "AppArmor keeps them"
    mend "user namespaces"
else
    note "this kernel has no kernel.apparmor_restrict_unprivileged_userns: not tried"
fi

# -------- no session

loginctl disable-linger alice
log_out
check "a survey after su without a session" survey no_session
fine "user namespaces"
named "runtime directory" warning "XDG_RUNTIME_DIR is not set.* no session"
named systemd warning "the user's own does not answer"
remedy "runtime directory" you >/tmp/typed
mend "runtime directory"
check "the user's systemd starts" eventually test -S /run/user/1000/systemd/private
check "a survey after what is said to type" survey no_session sh -c '. /tmp/typed; exec "$@"' sh
fine "runtime directory"
fine systemd
fine lingering
finish
