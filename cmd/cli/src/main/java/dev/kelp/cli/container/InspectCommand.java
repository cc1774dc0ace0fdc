// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.InspectingCommand;
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
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "inspect",
        customSynopsis = "[OPTIONS] NAME…",
        description = "Prints everything about containers, images, networks, volumes or secrets as JSON with Docker's"
                + " field names. A name is looked for among them in this order.",
        footer = {"kelp inspect web", "kelp inspect -f '{{.State.Pid}}' web", "kelp inspect --type image alpine"})
public final class InspectCommand extends InspectingCommand {
    private static final String CONTAINER = "container";

    @Option(names = "--type", paramLabel = "TYPE", description = "container, image, network, volume or secret")
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

    private final List<Kind> others;

    /// @param others what else a name may be, looked for in that order
    public InspectCommand(List<Kind> others) {
        this.others = others;
    }

    /// A kind of thing that has a name.
    ///
    /// @param type for `--type`
    /// @param describe gives the document of the thing that is named
    public record Kind(String type, BiFunction<Invocation, String, Map<String, @Nullable Object>> describe) {}

    @Override
    public int run(Invocation call) {
        List<String> types = Stream.concat(Stream.of(CONTAINER), others.stream().map(Kind::type))
                .toList();
        if (type != null && !types.contains(type)) {
            throw KelpException.invalid("unknown --type `" + type + "`").withHint("use " + String.join(", ", types));
        }
        if (!List.of("dockercompat", "native").contains(mode)) {
            throw KelpException.invalid("unknown --mode `" + mode + "`").withHint("use dockercompat or native");
        }
        return inspect(call, latest.or(call, names), name -> one(call, name));
    }

    private Map<String, @Nullable Object> one(Invocation call, String name) {
        Stream<Kind> containers = Stream.of(new Kind(CONTAINER, this::container));
        List<Kind> kinds = Stream.concat(containers, others.stream())
                .filter(k -> type == null || k.type().equals(type))
                .toList();
        if (kinds.size() == 1) {
            return kinds.getFirst().describe().apply(call, name);
        }
        for (Kind kind : kinds) {
            try {
                return kind.describe().apply(call, name);
            } catch (KelpException e) {
                // what cannot be a name of this kind may be one of the next
                if (e.kind() != ErrorKind.NOT_FOUND && e.kind() != ErrorKind.INVALID_ARGUMENT) {
                    throw e;
                }
            }
        }
        throw KelpException.notFound("no such object: " + name);
    }

    private Map<String, @Nullable Object> container(Invocation call, String name) {
        ContainerDetail d = call.containers().inspect(name);
        return mode.equals("native")
                ? NativeContainer.describe(
                        d, call.containers().runtimeSpec(d.summary().id()))
                : docker(call, d);
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
