// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.context;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Struct;
import dev.kelp.model.KelpException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The one context.
final class Context {
    static final String NAME = "default";

    private static final String DESCRIPTION = "the engine of this user on this machine";

    private Context() {}

    static void check(String name) {
        if (!name.equals(NAME)) {
            throw KelpException.notFound("context \"" + name + "\": not found")
                    .withHint("the only one is `" + NAME + "`: engines of other machines are reached by ssh(1)");
        }
    }

    static String description() {
        return DESCRIPTION;
    }

    static String endpoint(Invocation call) {
        return "unix://" + call.engine().info().settings().getOrDefault("Run Root", "") + "/kelp.sock";
    }

    static Map<String, @Nullable Object> describe(Invocation call) {
        Struct docker = new Struct().with("Host", endpoint(call)).with("SkipTLSVerify", false);
        return new Struct()
                .with("Name", NAME)
                .with("Metadata", new Struct().with("Description", DESCRIPTION).map())
                .with("Endpoints", new Struct().with("docker", docker.map()).map())
                .with("TLSMaterial", Map.of())
                .with(
                        "Storage",
                        new Struct()
                                .with("MetadataPath", "<IN MEMORY>")
                                .with("TLSPath", "<IN MEMORY>")
                                .map())
                .map();
    }
}
