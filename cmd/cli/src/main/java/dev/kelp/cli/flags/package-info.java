// SPDX-License-Identifier: Apache-2.0
/// The flags of `run` and `create`, in groups: each group is a picocli mixin with the flags as fields and one method
/// that makes the part of a `ContainerSpec` it stands for. A new flag is a field and a line in that method.
///
/// The parsers of values ([Volumes], [EnvFile], [ByteSize], [Ulimits] …) follow Docker's syntax. What names a file of
/// the user's is opened by the client, never here.
@NullMarked
package dev.kelp.cli.flags;

import org.jspecify.annotations.NullMarked;
