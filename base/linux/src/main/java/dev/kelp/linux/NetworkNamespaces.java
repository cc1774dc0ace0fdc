// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/// Network namespaces (network_namespaces(7)), held by descriptors: one lives for as long as a descriptor, a mount or
/// a process keeps it.
///
/// A namespace belongs to a thread (setns(2)), so work inside one runs on a platform thread that dies afterwards: a
/// pooled or virtual thread would carry it to unrelated work. What that work opens (sockets, channels, files of
/// /proc/thread-self/net) stays with the namespace and may be used from any thread afterwards.
public final class NetworkNamespaces {
    private static final int CLONE_NEWNET = 0x4000_0000;
    private static final String OWN = "/proc/thread-self/ns/net";

    private NetworkNamespaces() {}

    /// What is done inside a namespace.
    @FunctionalInterface
    public interface Work<T extends @Nullable Object> {
        T run() throws IOException;
    }

    /// A new namespace, owned by this process' user namespace: with a loopback interface that is down, and nothing
    /// else. The caller owns the descriptor.
    public static Fd create() throws IOException {
        return insideNew(NetworkNamespaces::own);
    }

    /// Runs `work` inside a new namespace and waits for it; the namespace goes unless the work keeps it ([#own]).
    public static <T extends @Nullable Object> T insideNew(Work<T> work) throws IOException {
        return onThreadOfItsOwn(() -> {
            Libc.check(Libc.call(Syscall.UNSHARE, CLONE_NEWNET), "unshare", "network namespace");
            return work.run();
        });
    }

    /// The namespace this thread is in; the caller owns the descriptor.
    public static Fd own() throws ErrnoException {
        return open(OWN);
    }

    /// The namespace of a process; the caller owns the descriptor.
    public static Fd ofProcess(int pid) throws ErrnoException {
        return open("/proc/" + pid + "/ns/net");
    }

    /// The namespace a file stands for: below /proc, or a bind mount of one. The caller owns the descriptor.
    public static Fd open(String path) throws ErrnoException {
        return Inodes.open(path, Inodes.O_RDONLY);
    }

    /// Runs `work` inside `namespace` and waits for it.
    public static <T extends @Nullable Object> T inside(Fd namespace, Work<T> work) throws IOException {
        return onThreadOfItsOwn(() -> {
            Libc.check(Libc.call(Syscall.SETNS, namespace.number(), CLONE_NEWNET), "setns", namespace.toString());
            return work.run();
        });
    }

    /// Starts a platform thread that spends its life inside `namespace`.
    public static Thread start(Fd namespace, String name, Runnable life) {
        return Thread.ofPlatform().name(name).daemon(true).start(() -> {
            enter(namespace);
            life.run();
        });
    }

    /// Moves the calling thread for good: a platform thread that does nothing else until it ends.
    public static void enter(Fd namespace) {
        if (Thread.currentThread().isVirtual()) {
            throw new IllegalStateException("a virtual thread would take its carrier along");
        }
        int r = Libc.call(Syscall.SETNS, namespace.number(), CLONE_NEWNET);
        if (r < 0) {
            throw new IllegalStateException("setns " + namespace + ": " + Errno.name(-r));
        }
    }

    private static <T extends @Nullable Object> T onThreadOfItsOwn(Work<T> work) throws IOException {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread.ofPlatform().name("kelp-netns").daemon(true).start(() -> {
            try {
                result.complete(work.run());
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
}
