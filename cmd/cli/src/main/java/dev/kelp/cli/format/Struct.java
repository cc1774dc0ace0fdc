// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.format;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Builds the maps that stand for JSON objects with fixed fields, in order.
public final class Struct {
    private final Map<String, @Nullable Object> fields = new LinkedHashMap<>();

    /// No fields yet.
    public Struct() {}

    public Struct with(String name, @Nullable Object value) {
        fields.put(name, value);
        return this;
    }

    public Map<String, @Nullable Object> map() {
        return fields;
    }
}
