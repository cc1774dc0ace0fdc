#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# about: what is broken is named, and what check says to type mends it
# set: long
# seconds: 900
. /opt/scenarios/checks.sh
alice() { as alice bash -c "$1"; }

# row NAME: the state of a finding and what is said of it
row() { alice 'kelp setup check' | grep -E "^(ok|note|warning|error) +$1 "; }

# mends NAME: types what root is told to type for this finding, and nothing else
mends() {
    alice 'kelp setup check' | awk -v name="$1" '
        $0 ~ "^(ok|note|warning|error) " { on = index($0, " " name " ") > 0 }
        on && /^           as root:/ { as = 1; next }
        on && /^           (type|then):/ { as = 0 }
        on && as && /^             / { sub(/^ +/, ""); print }' >/tmp/remedy
    cat /tmp/remedy
    [[ -s /tmp/remedy ]] && sh -ex /tmp/remedy
}

# broken FINDING STATE REASON: what was just broken is found, mended as told, and then fine
broken() {
    check_says "$1 $4: is named" "^$2 +$1 .*$3" row "$1"
    check "$1 $4: the remedy can be typed" mends "$1"
    check_says "$1 $4: is fine then" "^ok +$1 " row "$1"
}

check_says "before: user namespaces" "^ok +user namespaces " row "user namespaces"
check_says "before: overlayfs" "^ok +overlayfs " row overlayfs

cp /etc/subuid /etc/subgid /tmp
sed -i /^alice:/d /etc/subuid /etc/subgid
broken "subordinate ids" warning "none for alice" "(none)"
cp /tmp/subuid /tmp/subgid /etc

sysctl -qw kernel.unprivileged_userns_clone=0
broken "user namespaces" error "kernel.unprivileged_userns_clone is 0" "(forbidden)"

sysctl -qw user.max_user_namespaces=0
broken "user namespaces" error "user.max_user_namespaces is 0" "(limit 0)"

chmod 600 /dev/net/tun
broken tun warning "is closed to alice" "(closed)"

broken "cgroup delegation" warning "ends at /sys/fs/cgroup" "(as Debian has it)"

broken lingering warning "ends what runs for alice with the last session" "(none)"
loginctl disable-linger alice

# su without a session: neither PAM nor logind know of it
no_session() { setpriv --reuid=alice --regid=alice --init-groups env -i HOME=/home/alice USER=alice PATH="$PATH" "$@"; }
loginctl terminate-user alice
systemctl stop user@1000.service
check_says "runtime directory (su without a session): is named" "^warning +runtime directory .*XDG_RUNTIME_DIR is not set" \
    no_session kelp setup check
check "runtime directory (su without a session): the remedy" loginctl enable-linger alice
check_says "runtime directory (su without a session): is fine then" "^ok +runtime directory " \
    eventually no_session env XDG_RUNTIME_DIR=/run/user/1000 kelp setup check
loginctl disable-linger alice

if [[ -e /proc/sys/kernel/apparmor_restrict_unprivileged_userns ]]; then
    sysctl -qw kernel.apparmor_restrict_unprivileged_userns=1
    broken "user namespaces" error "AppArmor keeps them" "(AppArmor)"
else
    note "this kernel has no kernel.apparmor_restrict_unprivileged_userns: not tried"
fi
finish
