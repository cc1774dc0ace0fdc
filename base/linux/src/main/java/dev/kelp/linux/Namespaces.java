// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/// New namespaces (namespaces(7)) of the kinds a thread may make for itself while the process has others: all but the
/// user namespace and that of process ids. They are made and furnished on a platform thread that dies afterwards, and
/// live on in descriptors.
public final class Namespaces {
    /// A kind, with its flag of unshare(2) and its name below /proc/PID/ns.
    public enum Kind {
        UTS(0x0400_0000, "uts"),
        IPC(0x0800_0000, "ipc"),
        CGROUP(0x0200_0000, "cgroup"),
        /// Last: who joins it loses sight of /proc as it was.
        MOUNT(0x0002_0000, "mnt");

        private final int flag;
        private final String file;

        Kind(int flag, String file) {
            this.flag = flag;
            this.file = file;
        }
    }

    /// What is done inside.
    @FunctionalInterface
    public interface Work {
        void run() throws IOException;
    }

    private Namespaces() {}

    /// Makes namespaces, runs `work` inside them, and opens them in the order in which setns(2) is to join them.
    ///
    /// @param network joined before; null: the process' own
    /// @return the caller's
    public static List<Fd> create(Set<Kind> kinds, @Nullable Fd network, Work work) throws IOException {
        CompletableFuture<List<Fd>> result = new CompletableFuture<>();
        Thread.ofPlatform().name("kelp-namespaces").daemon(true).start(() -> {
            try {
                result.complete(inside(kinds, network, work));
            } catch (Throwable t) {
                result.completeExceptionally(t);
            }
        });
        try {
            return result.join();
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case IOException io -> throw io;
                case RuntimeException r -> throw r;
                case Error r -> throw r;
                case null, default -> throw e;
            }
        }
    }

    private static List<Fd> inside(Set<Kind> kinds, @Nullable Fd network, Work work) throws IOException {
        if (network != null) {
            Libc.check(Libc.call(Syscall.SETNS, network.number(), 0), "setns", network.toString());
        }
        int flags = kinds.stream().mapToInt(k -> k.flag).sum();
        Libc.check(Libc.call(Syscall.UNSHARE, flags), "unshare", kinds.toString());
        work.run();
        List<Fd> made = new ArrayList<>();
        try {
            if (network != null) {
                made.add(network.duplicate());
            }
            for (Kind kind : Kind.values()) {
                if (kinds.contains(kind)) {
                    made.add(Inodes.open("/proc/thread-self/ns/" + kind.file, Inodes.O_RDONLY));
                }
            }
            return made;
        } catch (ErrnoException e) {
            made.forEach(Fd::close);
            throw e;
        }
    }
}
