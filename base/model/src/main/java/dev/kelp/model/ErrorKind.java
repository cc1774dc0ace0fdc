// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model;

/// What kind of failure a [KelpException] is: a closed set, so that each front end maps all of them.
public enum ErrorKind {
    /// The request itself is wrong: a flag, a name, a document that does not parse.
    INVALID_ARGUMENT,
    /// The named thing does not exist.
    NOT_FOUND,
    /// A thing of that name exists already.
    ALREADY_EXISTS,
    /// The thing exists but its present state does not allow the operation.
    FAILED_PRECONDITION,
    /// Two changes met; trying again may work.
    CONFLICT,
    /// The user may not do this: file modes, registry authorisation.
    PERMISSION_DENIED,
    /// The registry wants credentials or refused those given.
    UNAUTHENTICATED,
    /// Something outside did not answer in time, or the daemon is not ready.
    UNAVAILABLE,
    /// Space, descriptors or another named limit ran out.
    RESOURCE_EXHAUSTED,
    /// Bytes are not what their digest, size or format says.
    DATA_LOSS,
    /// This machine or the other side lacks the feature.
    UNSUPPORTED,
    /// The user or a time limit ended the operation.
    CANCELLED,
    /// The command of the container cannot be executed (exit code 126).
    NOT_EXECUTABLE,
    /// The command of the container does not exist (exit code 127).
    COMMAND_NOT_FOUND,
    /// A helper program or the kernel failed in a way nobody foresaw.
    INTERNAL
}
