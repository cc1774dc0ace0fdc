// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.diff;

import java.io.IOException;

/// Is told of changes: the root first, a directory before what is in it, names of one directory in the order of
/// [String#compareTo]. So the same changes give the same layer.
@FunctionalInterface
public interface ChangeVisitor {
    void change(Change change) throws IOException;
}
