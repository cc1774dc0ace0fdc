// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.metadata;

import java.sql.Connection;
import java.sql.SQLException;

/// What is done in one transaction. The connection is lent: it is neither closed nor kept, nor committed.
@FunctionalInterface
public interface SqlWork<T extends @org.jspecify.annotations.Nullable Object> {
    T run(Connection connection) throws SQLException;
}
