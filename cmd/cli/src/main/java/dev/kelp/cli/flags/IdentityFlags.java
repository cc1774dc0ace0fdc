// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.cli.ClientContext;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Name and labels.
@Command(optionListHeading = "Name and labels")
public final class IdentityFlags {
    @Option(names = "--name", paramLabel = "NAME", description = "the container's name (default: one is made up)")
    @Nullable
    String name;

    @Option(
            names = {"-l", "--label"},
            paramLabel = "KEY=VALUE",
            description = "set a label")
    List<String> labels = new ArrayList<>();

    @Option(names = "--label-file", paramLabel = "FILE", description = "read labels, one KEY=VALUE a line")
    List<String> labelFiles = new ArrayList<>();

    @Option(names = "--annotation", paramLabel = "KEY=VALUE", description = "set an OCI annotation")
    List<String> annotations = new ArrayList<>();

    @Option(names = "--cidfile", paramLabel = "FILE", description = "write the container's id to a new file")
    @Nullable
    String cidFile;

    public @Nullable String name() {
        if (name != null && !name.matches("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}")) {
            throw KelpException.invalid("invalid container name `" + name + "`")
                    .withHint("use letters, digits, _, . and -, beginning with a letter or digit");
        }
        return name;
    }

    public @Nullable String cidFile() {
        return cidFile;
    }

    public Map<String, String> labels(ClientContext client) {
        List<String> words = new ArrayList<>();
        for (String file : labelFiles) {
            words.addAll(EnvFile.parse(EnvFile.text(client, file), file));
        }
        words.addAll(labels);
        return new LinkedHashMap<>(EnvFile.pairs("--label", words));
    }

    public Map<String, String> annotations() {
        return EnvFile.pairs("--annotation", annotations);
    }
}
