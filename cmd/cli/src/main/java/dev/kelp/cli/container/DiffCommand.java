// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Listing;
import dev.kelp.engine.Changes.FileChange;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "diff",
        customSynopsis = "[OPTIONS] CONTAINER",
        description = "Lists what a container has added (A), changed (C) and deleted (D) in its root file system.",
        footer = {"kelp diff web", "kelp diff --format '{{.Path}}' web"})
public final class DiffCommand extends dev.kelp.cli.KelpCommand {
    @Option(names = "--format", paramLabel = "FORMAT", description = "json or a Go template (.Kind, .Path)")
    @Nullable
    String format;

    @Mixin
    LatestFlag latest = new LatestFlag();

    @Parameters(arity = "0..1", paramLabel = "CONTAINER")
    @Nullable
    String named;

    @Override
    public int run(Invocation call) {
        String container = latest.or(call, named);
        Listing<FileChange> lines = new Listing<FileChange>()
                .field("Kind", c -> String.valueOf(c.kind().letter()))
                .field("Path", FileChange::path);
        String f = format == null || format.isEmpty() ? "{{.Kind}} {{.Path}}" : format;
        lines.print(call.out(), f, call.namespace().changes().diff(container));
        return 0;
    }
}
