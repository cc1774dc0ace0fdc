// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine;

import java.util.List;
import java.util.Map;

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
    record EngineInfo(
            String version, Map<String, String> components, Map<String, String> settings, List<String> warnings) {}
}
