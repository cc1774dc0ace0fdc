#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# about: no restart of the service and no upgrade of the package stops a container, and AppArmor confines them
# set: long
# seconds: 2400
# needs: package
. /opt/scenarios/checks.sh
alice() { as alice bash -c "$1"; }
pids() { alice 'kelp inspect -f "{{.State.Pid}}" c1 c2 c3 c4 c5 c6 c7 c8 c9 c10 | tr "\n" " "'; }
daemon() { alice 'kelp system status' | sed -n 's/^daemon pid: //p'; }

# Between two commands alice has no session: ten seconds of that would end all that is hers.
loginctl enable-linger alice
check "the package" dpkg -i /opt/kelp.deb
check_says "its profile for containers is loaded" '^kelp-default \(enforce\)$' cat /sys/kernel/security/apparmor/profiles
check "install" alice 'kelp setup install'
check "an image" alice '. /opt/scenarios/checks.sh; busybox_image'
check "ten containers" alice 'for n in {1..10}; do kelp run -d --name c$n busybox sleep 100000 || exit; done'
before=$(pids)
check "are ten processes" test "$(wc -w <<<"$before")" = 10

# -------- restart

check "restart of the service" alice 'systemctl --user restart kelp.service'
check "stops none" kill -0 $before
mkdir -p ~alice/.config/systemd/user/kelp.service.d
printf '[Service]\nEnvironment=CONTAINERD_ROOTLESS_ROOTLESSKIT_DETACH_NETNS=false\n' \
    >~alice/.config/systemd/user/kelp.service.d/override.conf
chown -R alice: ~alice/.config/systemd/user/kelp.service.d
check "restart with another setting" alice 'systemctl --user daemon-reload && systemctl --user restart kelp.service'
check_says "which waits for the last container's end" 'DETACH_NETNS: counts when no container runs' \
    alice 'kelp run --rm busybox true'
rm ~alice/.config/systemd/user/kelp.service.d/override.conf
check "stops none either" kill -0 $before

# -------- AppArmor

check_says "a container is confined" '^kelp-default \(enforce\)$' alice 'kelp exec c1 cat /proc/self/attr/current'
check_says "as inspect says" '^kelp-default$' alice 'kelp inspect -f "{{.AppArmorProfile}}" c1'

# -------- upgrade: the same release under another number, with another build

dpkg-deb -R /opt/kelp.deb /tmp/next
sed -i 's/^Version: .*/&+1/' /tmp/next/DEBIAN/control
tr 0-9a-f 1-9a-f0 <"/usr/lib/kelp/build-id" >/tmp/next/usr/lib/kelp/build-id
check "the next release is packed" dpkg-deb -Znone -b /tmp/next /tmp/next.deb
old=$(daemon)
check "upgrade" dpkg -i /tmp/next.deb
check "stops none of them" kill -0 $before
check_says "the next command finds them" '^10$' alice 'kelp ps -q | wc -l'
check "by a daemon of the next release" test "$(daemon)" != "$old"
check_says "they can be worked with" '^hello$' alice 'kelp exec c10 echo hello'
check "and are the same" test "$(pids)" = "$before"

# -------- without the profile; removal of the package

printf 'profile kelp-default {}\n' | apparmor_parser -R
check_says "without the profile: unconfined" '^unconfined$' alice 'kelp run --rm busybox cat /proc/self/attr/current'
check "removal of the package" dpkg -r kelp
check "stops none, of course" kill -0 $before
check "a release that is installed later" dpkg -i /opt/kelp.deb
check_says "finds them" '^10$' alice 'kelp ps -q | wc -l'
check_says "and can work with them" '^hello$' alice 'kelp exec c10 echo hello'
finish
