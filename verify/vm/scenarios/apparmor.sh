#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# about: what root installs by `kelp setup apparmor` gives Kelp user namespaces where AppArmor denies them to others
# set: long
# seconds: 900
. /opt/scenarios/checks.sh
features=/sys/kernel/security/apparmor/features/namespaces
if [[ ! -e /etc/apparmor.d/abi/4.0 ]] || ! grep -qr userns_create $features; then
    note "AppArmor knows nothing of user namespaces here, but does with KELP_VM_SUITE=trixie"
    check_says "setup apparmor says so" 'AppArmor before 4.0 restricts no user namespaces' kelp setup apparmor
    check_says "containers are confined" '^kelp-default \(enforce\)$' cat /sys/kernel/security/apparmor/profiles
    finish
    exit
fi

# As Ubuntu's restriction, for what a shell starts: who has no profile of his own may not make them.
cat >/etc/apparmor.d/restricted <<'P'
abi <abi/4.0>,
include <tunables/global>
profile restricted {
  /** rwlkm,
  /** pix,
  capability,
  network,
  mount,
  umount,
  pivot_root,
  signal,
  ptrace,
  unix,
  dbus,
  mqueue,
  io_uring,
  change_profile,
}
P
restricted() { as alice aa-exec -p restricted -- "$@"; }

check "a profile without user namespaces" apparmor_parser -r /etc/apparmor.d/restricted
check_fails "they are denied" 'unshare' restricted unshare -U true
check_fails "to Kelp, too" 'create a user namespace' restricted kelp unshare true
check_says "setup apparmor" '^\[INFO\] Installed and loaded: /etc/apparmor.d/opt.kelp.bin.kelp$' kelp setup apparmor
check_said "and the profile of containers" '^\[INFO\] Installed and loaded: /etc/apparmor.d/kelp-default$'
check_says "once more" '^\[INFO\] Unchanged and loaded: /etc/apparmor.d/opt.kelp.bin.kelp$' kelp setup apparmor
check_fails "others are denied them still" 'unshare' restricted unshare -U true
check_says "Kelp is not" '^0$' restricted kelp unshare id -u
check "an image" restricted bash -c '. /opt/scenarios/checks.sh; busybox_image'
check_says "a container runs, confined" '^kelp-default \(enforce\)$' \
    restricted kelp run --rm busybox cat /proc/self/attr/current
check "the engine goes" restricted kelp system stop
check_says "removal" '^\[INFO\] Unloaded and removed: /etc/apparmor.d/opt.kelp.bin.kelp$' kelp setup apparmor --remove
check_fails "denied again" 'create a user namespace' restricted kelp unshare true
finish
