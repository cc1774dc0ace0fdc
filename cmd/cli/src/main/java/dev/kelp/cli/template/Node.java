// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// The tree of a parsed template.
sealed interface Node {
    record Text(String text) implements Node {}

    record Output(Pipeline pipeline) implements Node {}

    record Branch(Kind kind, Pipeline pipeline, List<Node> body, List<Node> otherwise) implements Node {}

    record Jump(boolean leaves) implements Node {}

    /// `{{template "NAME" pipeline}}`.
    record Use(String name, @Nullable Pipeline data) implements Node {}

    enum Kind {
        IF,
        RANGE,
        WITH
    }

    /// `$a, $b := command | command`.
    ///
    /// @param assigns `=` rather than `:=`
    record Pipeline(List<String> variables, boolean assigns, List<Command> commands) {}

    record Command(List<Operand> words) {}

    sealed interface Operand {}

    /// `.A.B`; an empty path is the dot itself.
    record Field(List<String> path) implements Operand {}

    record Variable(String name, List<String> path) implements Operand {}

    record Function(String name) implements Operand {}

    record Literal(@Nullable Object value) implements Operand {}

    record Nested(Pipeline pipeline, List<String> path) implements Operand {}
}
