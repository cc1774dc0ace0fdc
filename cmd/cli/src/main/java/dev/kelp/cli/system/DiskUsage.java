// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.system;

import dev.kelp.cli.Invocation;
import dev.kelp.engine.Containers;
import dev.kelp.engine.Containers.ContainerSummary;
import dev.kelp.engine.Containers.Status;
import dev.kelp.engine.Images;
import dev.kelp.engine.Images.Image;
import dev.kelp.engine.Images.ImageDetail;
import dev.kelp.engine.Images.ImageLayer;
import dev.kelp.engine.Images.PlatformImage;
import dev.kelp.engine.Volumes;
import dev.kelp.engine.Volumes.Volume;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Who takes how much space: layers are counted once, whichever images share them.
///
/// @param layerBytes all layers of all images
/// @param usedLayerBytes those under a container
record DiskUsage(
        List<ImageUse> images,
        List<ContainerUse> containers,
        List<VolumeUse> volumes,
        long layerBytes,
        long usedLayerBytes) {
    private static final int COMMAND_CHARS = 20;

    /// @param uniqueBytes of layers that no other image has
    record ImageUse(
            String repository,
            String tag,
            String shortId,
            Instant created,
            long bytes,
            long uniqueBytes,
            int containers) {}

    record ContainerUse(ContainerSummary summary, long bytes, long volumes) {
        boolean active() {
            return summary.state().status() == Status.RUNNING
                    || summary.state().status() == Status.PAUSED
                    || summary.state().status() == Status.RESTARTING;
        }

        String command() {
            String words = String.join(" ", summary.command());
            boolean tooLong = words.codePointCount(0, words.length()) > COMMAND_CHARS;
            return '"'
                    + (tooLong ? words.substring(0, words.offsetByCodePoints(0, COMMAND_CHARS - 1)) + "…" : words)
                    + '"';
        }
    }

    record VolumeUse(String name, int containers, long bytes) {}

    private record Layered(Image image, PlatformImage platform, List<ImageLayer> layers) {}

    static DiskUsage of(Invocation call) {
        Map<String, Integer> users = new HashMap<>();
        List<ContainerUse> containers = containers(call.containers(), users);
        List<Layered> images = layered(call.images());
        // by image: two names of one image do not share anything
        Map<String, Set<String>> owners = new HashMap<>();
        Map<String, Long> sizes = new HashMap<>();
        Set<String> used = new HashSet<>();
        for (Layered i : images) {
            for (ImageLayer layer : i.layers) {
                sizes.put(layer.chainId(), layer.sizeBytes());
                owners.computeIfAbsent(layer.chainId(), k -> new HashSet<>())
                        .add(i.platform.id().toString());
                if (users.containsKey(i.platform.id().toString())) {
                    used.add(layer.chainId());
                }
            }
        }
        List<ImageUse> uses = images.stream().map(i -> use(i, owners, users)).toList();
        long all = sizes.values().stream().mapToLong(Long::longValue).sum();
        long inUse = used.stream().mapToLong(k -> sizes.getOrDefault(k, 0L)).sum();
        return new DiskUsage(uses, containers, volumes(call.namespace().volumes()), all, inUse);
    }

    /// @param users gets the number of containers of each image
    private static List<ContainerUse> containers(Containers containers, Map<String, Integer> users) {
        List<ContainerUse> uses = new ArrayList<>();
        for (ContainerSummary c : containers.list(true)) {
            try {
                containers.inspect(c.id()).imageDigest().ifPresent(d -> users.merge(d.toString(), 1, Integer::sum));
                uses.add(new ContainerUse(
                        c,
                        containers.writableBytes(c.id()),
                        c.spec().mounts().stream()
                                .filter(m -> m.type().equals("volume"))
                                .count()));
            } catch (KelpException e) {
                if (e.kind() != ErrorKind.NOT_FOUND) {
                    throw e;
                }
            }
        }
        return uses;
    }

    private static List<VolumeUse> volumes(Volumes volumes) {
        List<VolumeUse> uses = new ArrayList<>();
        for (Volume v : volumes.list()) {
            try {
                uses.add(new VolumeUse(v.name(), v.containers().size(), volumes.sizeBytes(v.name())));
            } catch (KelpException e) {
                if (e.kind() != ErrorKind.NOT_FOUND) {
                    throw e;
                }
            }
        }
        return uses;
    }

    private static List<Layered> layered(Images images) {
        List<Layered> all = new ArrayList<>();
        for (Image image : images.list()) {
            for (PlatformImage platform : image.platforms()) {
                try {
                    ImageDetail detail = images.inspect(platform.id().toString(), platform.platform());
                    all.add(new Layered(image, platform, images.layers(detail)));
                } catch (KelpException e) {
                    if (e.kind() != ErrorKind.NOT_FOUND) {
                        throw e;
                    }
                }
            }
        }
        return all;
    }

    private static ImageUse use(Layered i, Map<String, Set<String>> owners, Map<String, Integer> users) {
        long bytes = 0;
        long unique = 0;
        for (ImageLayer layer : i.layers) {
            bytes += layer.sizeBytes();
            if (owners.getOrDefault(layer.chainId(), Set.of()).size() == 1) {
                unique += layer.sizeBytes();
            }
        }
        return new ImageUse(
                i.image.reference().map(Reference::familiarRepository).orElse("<none>"),
                i.image.reference().flatMap(Reference::tag).orElse("<none>"),
                i.platform.id().hex().substring(0, 12),
                i.platform.created(),
                bytes,
                unique,
                users.getOrDefault(i.platform.id().toString(), 0));
    }
}
