// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine;

import java.util.List;
import java.util.Map;

/// The namespaces of an engine: their labels, and which there are. One is there as soon as it was created or something
/// is in it; [Engine#DEFAULT_NAMESPACE] always is.
public interface Namespaces {
    /// By name.
    List<NamespaceSummary> list();

    /// NOT_FOUND when there is none of that name.
    NamespaceSummary inspect(String name);

    /// Makes one; ALREADY_EXISTS when it is there.
    void create(String name, Map<String, String> labels);

    /// Sets labels, the others stay; one without a value is taken away. NOT_FOUND when there is no such namespace.
    void label(String name, Map<String, String> labels);

    /// Removes an empty one; FAILED_PRECONDITION when something is in it, NOT_FOUND when there is none.
    void remove(String name);

    /// @param containers how many, as of `images` and `volumes`
    record NamespaceSummary(String name, Map<String, String> labels, int containers, int images, int volumes) {
        public NamespaceSummary {
            labels = Map.copyOf(labels);
        }
    }
}
