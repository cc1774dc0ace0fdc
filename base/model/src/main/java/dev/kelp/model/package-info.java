// SPDX-License-Identifier: Apache-2.0
/// Values that every part of the engine shares, all immutable.
///
/// A [Reference] names an image as users type it, a [Digest] names bytes by their content, an
/// [dev.kelp.model.oci.Descriptor] says what those bytes are. [KelpException] carries one of a closed set of
/// [ErrorKind]s; each front end maps the kind to its own exit code or status in one exhaustive switch.
///
/// Nothing here opens a file, starts a process or calls the kernel.
@NullMarked
package dev.kelp.model;

import org.jspecify.annotations.NullMarked;
