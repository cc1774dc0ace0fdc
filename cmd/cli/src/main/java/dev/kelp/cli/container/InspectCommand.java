// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Documents;
import dev.kelp.cli.format.Struct;
import dev.kelp.engine.Containers.ContainerDetail;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "inspect",
        customSynopsis = "[OPTIONS] NAME…",
        description = "Prints everything about containers or images as JSON with Docker's field names."
                + " A name is looked for among containers first.",
        footer = {"kelp inspect web", "kelp inspect -f '{{.State.Pid}}' web", "kelp inspect --type image alpine"})
public final class InspectCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-f", "--format"},
            paramLabel = "FORMAT",
            description = "json or a Go template")
    @Nullable
    String format;

    @Option(names = "--type", paramLabel = "TYPE", description = "container or image")
    @Nullable
    String type;

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            description = "dockercompat, or native: containerd's words, with the OCI runtime's document while it runs")
    String mode = "dockercompat";

    @Option(
            names = {"-s", "--size"},
            description = "also what a container's own files and its image take")
    boolean size;

    @Mixin
    LatestFlag latest = new LatestFlag();

    @Parameters(arity = "0..*", paramLabel = "NAME")
    List<String> names = new ArrayList<>();

    private final @Nullable BiFunction<Invocation, String, Map<String, @Nullable Object>> images;

    /// @param images describes an image by name; null: only containers are looked for
    public InspectCommand(@Nullable BiFunction<Invocation, String, Map<String, @Nullable Object>> images) {
        this.images = images;
    }

    @Override
    public int run(Invocation call) {
        if (type != null && !List.of("container", "image").contains(type)) {
            throw KelpException.invalid("unknown --type `" + type + "`").withHint("use container or image");
        }
        if (!List.of("dockercompat", "native").contains(mode)) {
            throw KelpException.invalid("unknown --mode `" + mode + "`").withHint("use dockercompat or native");
        }
        List<Object> found = new ArrayList<>();
        KelpException missing = null;
        for (String name : latest.or(call, names)) {
            try {
                found.add(one(call, name));
            } catch (KelpException e) {
                if (e.kind() != ErrorKind.NOT_FOUND) {
                    throw e;
                }
                missing = e;
            }
        }
        if (!found.isEmpty() || format == null || format.isEmpty()) {
            Documents.print(call.out(), format, found);
        }
        if (missing != null) {
            throw missing;
        }
        return 0;
    }

    private Map<String, @Nullable Object> one(Invocation call, String name) {
        if (images == null || !"image".equals(type)) {
            try {
                ContainerDetail d = call.containers().inspect(name);
                return mode.equals("native")
                        ? NativeContainer.describe(
                                d, call.containers().runtimeSpec(d.summary().id()))
                        : docker(call, d);
            } catch (KelpException e) {
                if (e.kind() != ErrorKind.NOT_FOUND || images == null || type != null) {
                    throw e;
                }
            }
            try {
                return images.apply(call, name);
            } catch (KelpException e) {
                if (e.kind() == ErrorKind.NOT_FOUND || e.kind() == ErrorKind.INVALID_ARGUMENT) {
                    throw KelpException.notFound("no container or image `" + name + "`");
                }
                throw e;
            }
        }
        return images.apply(call, name);
    }

    private Map<String, @Nullable Object> docker(Invocation call, ContainerDetail d) {
        DockerContainer.Neighbours neighbours = new DockerContainer.Neighbours(
                name -> found(() -> call.namespace().networks().inspect(name).network()),
                name -> found(() -> call.namespace().volumes().inspect(name)));
        Struct document = DockerContainer.describe(d, neighbours);
        if (size) {
            long own = call.containers().writableBytes(d.summary().id());
            document.with("SizeRw", own).with("SizeRootFs", own + imageBytes(call, d));
        }
        return document.map();
    }

    private static long imageBytes(Invocation call, ContainerDetail d) {
        return d.imageDigest()
                .flatMap(digest -> found(() -> call.images().inspect(digest.toString(), null)))
                .map(image -> image.platform().sizeBytes())
                .orElse(0L);
    }

    /// Empty when it is not there any more.
    private static <T> Optional<T> found(Supplier<T> lookup) {
        try {
            return Optional.of(lookup.get());
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.NOT_FOUND) {
                return Optional.empty();
            }
            throw e;
        }
    }
}
