// SPDX-License-Identifier: Apache-2.0
/// The engine of one data root, in this process.
///
/// SQLite holds what exists ([dev.kelp.engine.local.metadata.Database]); files hold its content. A container is a
/// record, a snapshot and a folder;
/// while it runs also a task of the OCI runtime with its monitor. The rule for every change: the record first when
/// something appears, the record last when something goes, so that whatever a crash leaves behind has no name and is
/// removed by the next start ([ContainerLifecycle#recover], garbage collection).
@NullMarked
package dev.kelp.engine.local;

import org.jspecify.annotations.NullMarked;
