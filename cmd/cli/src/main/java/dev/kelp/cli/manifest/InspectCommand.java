// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.manifest;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Documents;
import dev.kelp.cli.format.Struct;
import dev.kelp.cli.template.Json;
import dev.kelp.engine.ManifestLists.Entry;
import dev.kelp.engine.ManifestLists.ManifestList;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.MediaTypes;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "inspect",
        customSynopsis = "[OPTIONS] [MANIFEST_LIST] MANIFEST",
        description = "Prints a list that was made here, or the manifest or index a registry has of that name.",
        footer = {"kelp manifest inspect alpine", "kelp manifest inspect -v registry.example/app:1"})
public final class InspectCommand extends dev.kelp.cli.KelpCommand {
    @Mixin
    RegistryFlag registry = new RegistryFlag();

    @Option(
            names = {"-v", "--verbose"},
            description = "also references, descriptors and the manifests of a list")
    boolean verbose;

    @Parameters(arity = "1..2", paramLabel = "MANIFEST")
    List<String> names = List.of();

    @Override
    public int run(Invocation call) {
        Reference first = Reference.parse(names.getFirst());
        if (names.size() == 2) {
            Entry entry = entry(call, first, names.getLast());
            print(call, verbose ? described(entry) : Documents.ordered(entry.manifest()));
            return 0;
        }
        ManifestList found = call.namespace()
                .manifestLists()
                .find(first)
                .orElseGet(() ->
                        call.namespace().manifestLists().remote(first, verbose, registry.options(call), call.client()));
        if (!verbose) {
            print(call, Documents.ordered(found.document()));
        } else if (found.index()) {
            print(call, found.entries().stream().map(InspectCommand::described).toList());
        } else {
            print(call, described(found.entries().getFirst()));
        }
        return 0;
    }

    private static Entry entry(Invocation call, Reference list, String image) {
        ManifestList found = call.namespace()
                .manifestLists()
                .find(list)
                .orElseThrow(() -> KelpException.notFound("no such manifest list: `" + list.familiar() + "`"));
        String wanted =
                image.startsWith("sha256:") ? image : Reference.parse(image).toString();
        return found.entries().stream()
                .filter(e -> e.source().toString().equals(wanted)
                        || e.descriptor().digest().toString().equals(wanted))
                .findFirst()
                .orElseThrow(() -> KelpException.notFound(
                        "the manifest list `" + list.familiar() + "` has no image `" + image + "`"));
    }

    private static void print(Invocation call, @Nullable Object document) {
        call.out().append(Json.indented(document)).append('\n');
    }

    private static Map<String, @Nullable Object> described(Entry e) {
        Struct platform = new Struct();
        if (e.descriptor().platform() != null) {
            platform.with("architecture", e.descriptor().platform().architecture())
                    .with("os", e.descriptor().platform().os());
            if (e.osVersion() != null) {
                platform.with("os.version", e.osVersion());
            }
            if (!e.osFeatures().isEmpty()) {
                platform.with("os.features", e.osFeatures());
            }
            e.descriptor().platform().variantName().ifPresent(v -> platform.with("variant", v));
        }
        Struct descriptor = new Struct()
                .with("mediaType", e.descriptor().mediaType())
                .with("digest", e.descriptor().digest().toString())
                .with("size", e.descriptor().size())
                .with("platform", platform.map());
        boolean docker = e.descriptor().mediaType().equals(MediaTypes.DOCKER_MANIFEST);
        return new Struct()
                .with("Ref", ref(e))
                .with("Descriptor", descriptor.map())
                .with("Raw", Base64.getEncoder().encodeToString(e.manifest()))
                .with(docker ? "SchemaV2Manifest" : "OCIManifest", Documents.ordered(e.manifest()))
                .map();
    }

    /// With its digest, as a tag may stand for several images.
    private static String ref(Entry e) {
        return e.source().digest().isPresent()
                ? e.source().toString()
                : e.source().withDigest(e.descriptor().digest()).toString();
    }
}
