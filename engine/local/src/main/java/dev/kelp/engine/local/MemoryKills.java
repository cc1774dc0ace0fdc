// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.rootless.CgroupAccess;

/// Whether the kernel killed a container for want of memory. conmon tells that as well, but versions of it look away at
/// the first sign of pressure, and a container's cgroup goes with its last process. So this looks whether among all the
/// user's cgroups something was killed that way since the container was started, which one that ends by SIGKILL,
/// unasked,
/// was not by chance.
final class MemoryKills {
    private static final int KILLED = 128 + 9;

    private final CgroupAccess cgroups;
    private final long before;

    /// From now on.
    MemoryKills(CgroupAccess cgroups) {
        this.cgroups = cgroups;
        this.before = cgroups.memoryKills();
    }

    /// @param code the exit code of one that nobody asked to end
    boolean explain(int code) {
        return code == KILLED && cgroups.memoryKills() > before;
    }
}
