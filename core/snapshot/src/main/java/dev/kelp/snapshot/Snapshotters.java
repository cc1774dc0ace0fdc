// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Chooses a snapshotter by the name a user gave (`--snapshotter`, CONTAINERD_SNAPSHOTTER).
public final class Snapshotters {
    /// Overlayfs where it works, else copies.
    public static final String AUTO = "auto";

    /// @param name what to use: [OverlaySnapshotter#NAME] or [NativeSnapshotter#NAME]
    /// @param notice why it is not the better one, for the user to read; empty when it is, or was asked for
    public record Choice(String name, Optional<String> notice) {}

    private Snapshotters() {}

    /// The names that may be asked for, [#AUTO] included.
    public static List<String> names() {
        return List.of(AUTO, OverlaySnapshotter.NAME, NativeSnapshotter.NAME);
    }

    /// Settles on a snapshotter for `dataRoot`; trying overlayfs costs about a millisecond.
    ///
    /// On a full disk nothing can be tried: [#AUTO] then gives the one that was used there before.
    ///
    /// @throws KelpException INVALID_ARGUMENT for an unknown name, UNSUPPORTED when overlayfs was asked for
    ///     and does not work there
    public static Choice choose(String name, Path dataRoot) {
        return switch (name) {
            case NativeSnapshotter.NAME -> new Choice(name, Optional.empty());
            case OverlaySnapshotter.NAME, "overlay" -> {
                OverlaySnapshotter.probe(dataRoot);
                yield new Choice(OverlaySnapshotter.NAME, Optional.empty());
            }
            case AUTO, "" -> auto(dataRoot);
            default ->
                throw KelpException.invalid("snapshotter `" + name + "` is not known")
                        .withHint("choose one of " + String.join(", ", names()));
        };
    }

    private static Choice auto(Path dataRoot) {
        try {
            OverlaySnapshotter.probe(dataRoot);
            return new Choice(OverlaySnapshotter.NAME, Optional.empty());
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.RESOURCE_EXHAUSTED) {
                // A full disk, from which things can be removed only by an engine that starts.
                return new Choice(usedBefore(dataRoot), Optional.of(e.getMessage() + "; free some space"));
            }
            if (e.kind() != ErrorKind.UNSUPPORTED) {
                throw e;
            }
            return new Choice(
                    NativeSnapshotter.NAME,
                    Optional.of(e.getMessage() + "; containers get full copies of their image (snapshotter native)"));
        }
    }

    private static String usedBefore(Path dataRoot) {
        Path snapshots = dataRoot.resolve("snapshots");
        return isEmpty(snapshots.resolve(OverlaySnapshotter.NAME))
                        && !isEmpty(snapshots.resolve(NativeSnapshotter.NAME))
                ? NativeSnapshotter.NAME
                : OverlaySnapshotter.NAME;
    }

    private static boolean isEmpty(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.findAny().isEmpty();
        } catch (IOException e) {
            return true;
        }
    }

    /// The snapshotter that [#choose] named.
    public static Snapshotter open(Choice choice, Path dataRoot, SnapshotRecords records) {
        return choice.name().equals(OverlaySnapshotter.NAME)
                ? new OverlaySnapshotter(dataRoot, records)
                : new NativeSnapshotter(dataRoot, records);
    }
}
