// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A field that takes arguments, as methods do in Go: `{{.Label "name"}}`.
@FunctionalInterface
public interface TemplateMethod {
    @Nullable
    Object call(List<@Nullable Object> arguments);
}
