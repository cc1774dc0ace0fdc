// SPDX-License-Identifier: Apache-2.0
/// What a container shall be: [ContainerSpec], the answer to every flag of `create`, independent of who asks and of the
/// OCI runtime that carries it out. Stored as JSON with the container; fields are only ever added, and absent ones
/// take their defaults when an older record is read.
@NullMarked
package dev.kelp.model.container;

import org.jspecify.annotations.NullMarked;
