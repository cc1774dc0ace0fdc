// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.container;

/// The AppArmor profile (apparmor.d(5)) that confines containers which name no other. Only root can load it; where it
/// is
/// not loaded, containers are unconfined by AppArmor.
public final class AppArmorProfile {
    /// Its name.
    public static final String DEFAULT = "kelp-default";

    /// The word for no profile.
    public static final String UNCONFINED = "unconfined";

    /// Everything a container's user namespace, capabilities and seccomp allow, except: no mounts; below /proc only
    /// what
    /// belongs to processes and shared memory's limits can be written, below /sys only cgroups; other processes are
    /// traced and signalled by those of containers alone. A user namespace already keeps most of it from an
    /// ordinary
    /// user's containers; the profile holds, too, where a hole in the kernel is found in what they reach.
    public static final String TEXT = """
            # What a container of Kelp may do when it names no other profile: kelp apparmor inspect
            abi <abi/3.0>,
            include <tunables/global>

            profile kelp-default flags=(attach_disconnected,mediate_deleted) {
              include <abstractions/base>

              network,
              unix,
              capability,
              file,
              umount,
              deny mount,

              # who may end it: the host's processes, Kelp's own (kelp, or kelp.PATH), and the OCI runtimes'
              signal (receive) peer=unconfined,
              signal (receive) peer=kelp{,.*},
              signal (receive) peer={crun,runc},
              signal (send, receive) peer=kelp-default,
              ptrace (trace, tracedby, read, readby) peer=kelp-default,

              # of /proc: what belongs to processes (PID, self, thread-self) and kernel.shm*
              deny @{PROC}/* w,
              deny @{PROC}/[^0-9st/]*/** w,
              deny @{PROC}/s[^ey/]*/** w,
              deny @{PROC}/sys[^/]*/** w,
              deny @{PROC}/t[^h/]*/** w,
              deny @{PROC}/sys/[^k/]** w,
              deny @{PROC}/sys/k[^e/]** w,
              deny @{PROC}/sys/kernel/[^s/]** w,
              deny @{PROC}/sys/kernel/s[^h/]** w,
              deny @{PROC}/sys/kernel/sh[^m/]** w,
              deny @{PROC}/{kcore,sysrq-trigger} rwklx,

              # of /sys: cgroups
              deny /sys/[^f/]*/** wklx,
              deny /sys/f[^s/]*/** wklx,
              deny /sys/fs/[^c/]*/** wklx,
              deny /sys/fs/c[^g/]*/** wklx,
              deny /sys/firmware/** rwklx,
              deny /sys/kernel/security/** rwklx,
              deny /sys/devices/virtual/powercap/** rwklx,
            }
            """;

    private AppArmorProfile() {}
}
