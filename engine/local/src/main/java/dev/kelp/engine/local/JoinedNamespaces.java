// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.Isolation;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Namespaces of other containers, asked for by `--pid`, `--ipc` and `--uts` as `container:NAME`. At `create` the name
/// becomes an id, so that it means the same container later; at each start that one must run.
record JoinedNamespaces(ContainerRecords records) {
    static final String PREFIX = "container:";

    /// The same with ids for names.
    ///
    /// @param find the id that a name stands for
    static Isolation settle(Isolation i, java.util.function.UnaryOperator<String> find) {
        if (!isJoined(i.pid()) && !isJoined(i.ipc()) && !isJoined(i.uts())) {
            return i;
        }
        return i.withShared(settle(i.pid(), find), settle(i.ipc(), find), settle(i.uts(), find));
    }

    private static boolean isJoined(@Nullable String mode) {
        return mode != null && mode.startsWith(PREFIX);
    }

    private static @Nullable String settle(@Nullable String mode, java.util.function.UnaryOperator<String> find) {
        return mode == null || !mode.startsWith(PREFIX) ? mode : PREFIX + find.apply(mode.substring(PREFIX.length()));
    }

    /// Kind of namespace → its file.
    Map<String, String> of(ContainerRecord c) {
        Isolation i = c.definition().spec().isolation();
        Map<String, String> all = new TreeMap<>();
        add(all, c, "pid", i.pid());
        add(all, c, "ipc", i.ipc());
        add(all, c, "uts", i.uts());
        return all;
    }

    private void add(Map<String, String> all, ContainerRecord c, String kind, @Nullable String mode) {
        if (mode == null || !mode.startsWith(PREFIX)) {
            return;
        }
        String id = mode.substring(PREFIX.length());
        ContainerRecord other = records.byId(c.namespace(), id)
                .orElseThrow(() -> KelpException.notFound(
                        "the container whose " + kind + " namespace container " + c.name() + " shares is gone: " + id));
        String theirs = other.definition().spec().isolation().ipc();
        if (kind.equals("ipc") && (theirs == null || theirs.equals("private") || theirs.equals("none"))) {
            throw new KelpException(
                            ErrorKind.FAILED_PRECONDITION,
                            "cannot join the ipc namespace of container " + other.name() + ": it is private")
                    .withHint("make that container with --ipc=shareable");
        }
        if (!other.isRunning() || other.run().pid() <= 0) {
            throw new KelpException(
                            ErrorKind.FAILED_PRECONDITION,
                            "cannot join the " + kind + " namespace of container " + other.name()
                                    + ": it is not running")
                    .withHint("start it first: kelp start " + other.name());
        }
        all.put(kind, "/proc/" + other.run().pid() + "/ns/" + kind);
    }
}
