// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.system;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.format.Listing;
import dev.kelp.cli.format.Units;
import dev.kelp.cli.system.DiskUsage.ContainerUse;
import dev.kelp.cli.system.DiskUsage.ImageUse;
import dev.kelp.cli.system.DiskUsage.VolumeUse;
import dev.kelp.model.KelpException;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
        name = "df",
        customSynopsis = "[OPTIONS]",
        description = "Shows what takes space on the disk, and how much of it `system prune -a` could give back.",
        footer = {"kelp system df", "kelp system df -v"})
public final class DiskUsageCommand extends dev.kelp.cli.KelpCommand {
    @Option(
            names = {"-v", "--verbose"},
            description = "each image and container")
    boolean verbose;

    @Option(names = "--format", paramLabel = "FORMAT", description = "table, json, or a Go template")
    @Nullable
    String format;

    /// A line of the summary.
    private record Kind(String name, int total, int active, long bytes, long reclaimableBytes) {
        String reclaimable() {
            String size = Units.decimalSize(reclaimableBytes);
            return bytes > 0 ? size + " (" + reclaimableBytes * 100 / bytes + "%)" : size;
        }
    }

    @Override
    public int run(Invocation call) {
        if (verbose && format != null && !format.isEmpty()) {
            throw KelpException.invalid("--verbose and --format exclude each other");
        }
        DiskUsage usage = DiskUsage.of(call);
        if (verbose) {
            details(call, usage);
        } else {
            summary().print(call.out(), format, kinds(usage));
        }
        return 0;
    }

    private static Listing<Kind> summary() {
        return new Listing<Kind>()
                .column("TYPE", "Type", Kind::name)
                .column("TOTAL", "TotalCount", k -> Integer.toString(k.total()))
                .column("ACTIVE", "Active", k -> Integer.toString(k.active()))
                .column("SIZE", "Size", k -> Units.decimalSize(k.bytes()))
                .column("RECLAIMABLE", "Reclaimable", Kind::reclaimable);
    }

    private static List<Kind> kinds(DiskUsage u) {
        int usedImages =
                (int) u.images().stream().filter(i -> i.containers() > 0).count();
        int running = (int) u.containers().stream().filter(ContainerUse::active).count();
        long all = u.containers().stream().mapToLong(ContainerUse::bytes).sum();
        long idle = u.containers().stream()
                .filter(c -> !c.active())
                .mapToLong(ContainerUse::bytes)
                .sum();
        return List.of(
                new Kind("Images", u.images().size(), usedImages, u.layerBytes(), u.layerBytes() - u.usedLayerBytes()),
                new Kind("Containers", u.containers().size(), running, all, idle),
                volumes(u),
                new Kind("Build Cache", 0, 0, 0, 0));
    }

    private static Kind volumes(DiskUsage u) {
        int used = (int) u.volumes().stream().filter(v -> v.containers() > 0).count();
        long all = u.volumes().stream().mapToLong(VolumeUse::bytes).sum();
        long unused = u.volumes().stream()
                .filter(v -> v.containers() == 0)
                .mapToLong(VolumeUse::bytes)
                .sum();
        return new Kind("Local Volumes", u.volumes().size(), used, all, unused);
    }

    private static void details(Invocation call, DiskUsage usage) {
        PrintStream out = call.out();
        Instant now = call.now();
        out.append("Images space usage:\n\n");
        new Listing<ImageUse>()
                .column("REPOSITORY", "Repository", ImageUse::repository)
                .column("TAG", "Tag", ImageUse::tag)
                .column("IMAGE ID", "ID", ImageUse::shortId)
                .column("CREATED", "CreatedSince", i -> ago(i.created(), now))
                .column("SIZE", "Size", i -> Units.decimalSize(i.bytes()))
                .column("SHARED SIZE", "SharedSize", i -> Units.decimalSize(i.bytes() - i.uniqueBytes()))
                .column("UNIQUE SIZE", "UniqueSize", i -> Units.decimalSize(i.uniqueBytes()))
                .column("CONTAINERS", "Containers", i -> Integer.toString(i.containers()))
                .print(out, null, usage.images());
        out.append("\nContainers space usage:\n\n");
        new Listing<ContainerUse>()
                .column("CONTAINER ID", "ID", c -> c.summary().id().substring(0, 12))
                .column("IMAGE", "Image", c -> c.summary().image())
                .column("COMMAND", "Command", ContainerUse::command)
                .column("LOCAL VOLUMES", "LocalVolumes", c -> Long.toString(c.volumes()))
                .column("SIZE", "Size", c -> Units.decimalSize(c.bytes()))
                .column("CREATED", "RunningFor", c -> ago(c.summary().created(), now))
                .column("STATUS", "Status", c -> c.summary().state().status().word())
                .column("NAMES", "Names", c -> c.summary().name())
                .print(out, null, usage.containers());
        out.append("\nLocal Volumes space usage:\n\n");
        new Listing<VolumeUse>()
                .column("VOLUME NAME", "Name", VolumeUse::name)
                .column("LINKS", "Links", v -> Integer.toString(v.containers()))
                .column("SIZE", "Size", v -> Units.decimalSize(v.bytes()))
                .print(out, null, usage.volumes());
        out.append("\nBuild cache usage: 0B\n");
    }

    private static String ago(Instant time, Instant now) {
        return Units.humanDuration(Duration.between(time, now)) + " ago";
    }
}
