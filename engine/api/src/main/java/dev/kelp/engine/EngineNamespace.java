// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine;

/// A set of images, containers and volumes with names of its own.
public interface EngineNamespace {
    String name();

    Images images();

    Containers containers();

    ManifestLists manifestLists();

    Changes changes();

    /// The engine's networks, shared by all namespaces.
    Networks networks();

    Events events();

    Volumes volumes();

    Secrets secrets();
}
