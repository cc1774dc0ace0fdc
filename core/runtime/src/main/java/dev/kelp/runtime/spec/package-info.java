// SPDX-License-Identifier: Apache-2.0
/// From what a container shall be to the `config.json` an OCI runtime executes.
///
/// [OciSpec] joins a [dev.kelp.model.container.ContainerSpec] with its image's configuration and this machine's facts
/// (id maps, cgroups, resource limits) and writes the OCI runtime configuration (runtime-spec 1.0.2) as bytes. The
/// container runs in the user namespace of the daemon: no further one is made, and uid 0 inside is uid 0 here.
///
/// What comes from an image is hostile. [RootFiles] opens its files by openat2(2) RESOLVE_IN_ROOT and bounds their
/// size;
/// [Users] reads passwd(5) and group(5) from there. What comes from the user is checked and refused by name:
/// [Capability], seccomp profiles in Docker's form ([DockerSeccomp]), sysctls that are not of the container's own
/// namespaces.
///
/// What cannot be honoured without privilege (a limit where no cgroup is delegated, a resource limit above the hard
/// one)
/// comes back as a warning in [OciSpec.Generated], never silently. A limit whose controller alone is missing is
/// refused,
/// unless the user can do without it.
@NullMarked
package dev.kelp.runtime.spec;

import org.jspecify.annotations.NullMarked;
