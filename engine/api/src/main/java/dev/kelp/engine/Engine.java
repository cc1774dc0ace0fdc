// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine;

import java.util.List;
import java.util.Map;
import java.util.Set;

/// A rootless container engine.
public interface Engine extends AutoCloseable {
    String DEFAULT_NAMESPACE = "default";

    /// The namespace of that name (`[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*`, at most 76 characters); made on first use.
    EngineNamespace namespace(String name);

    Namespaces namespaces();

    EngineInfo info();

    /// Stops answering; containers go on.
    @Override
    void close();

    /// What `info` and `version` show.
    ///
    /// @param version Kelp's version
    /// @param components name → version line of the programs in use (crun, conmon, …), in the order to print
    /// @param settings other facts, name → value, in the order to print (data root, snapshotter, cgroup driver, ids
    /// …)
    /// @param warnings whole sentences about what is missing on this machine
    /// @param machine what Docker's `info` has fields for
    record EngineInfo(
            String version,
            Map<String, String> components,
            Map<String, String> settings,
            List<String> warnings,
            Machine machine) {}

    /// The machine, and what of it the engine uses.
    ///
    /// @param id stays as long as the data root does
    /// @param storageDrivers those that may be asked for, the default one first
    /// @param logDrivers those that may be asked for, the default one first
    /// @param cgroupDriver `systemd`, `cgroupfs` or `none`
    /// @param controllers of cgroup v2, those with which limits can be set
    /// @param operatingSystem the distribution, in its own words
    /// @param architecture as uname(1) has it: `x86_64`
    /// @param runtimes OCI runtimes found, the default one first
    record Machine(
            String id,
            String hostname,
            List<String> storageDrivers,
            List<String> logDrivers,
            String cgroupDriver,
            Set<String> controllers,
            String kernelVersion,
            String operatingSystem,
            String architecture,
            int cpus,
            long memoryBytes,
            boolean forwardsIpv4,
            List<String> runtimes) {
        public Machine {
            storageDrivers = List.copyOf(storageDrivers);
            logDrivers = List.copyOf(logDrivers);
            controllers = Set.copyOf(controllers);
            runtimes = List.copyOf(runtimes);
        }
    }
}
