// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The way out by [LxcUserNic]: an interface on a bridge of the host. A later daemon finds it there.
public final class BridgedWayOut implements WayOut {
    private static final int SETUID = 04000;

    private final DetachedNamespace namespace;
    private final Choice choice;
    private final Supplier<Optional<OutsideShell>> outside;
    private @Nullable LxcUserNic nic;
    private boolean closed;
    private @Nullable KelpException failure;
    private long failedNanos;

    /// @param program empty: where LXC installs it
    /// @param bridge of the host
    /// @param mtu 0: the bridge's
    public record Choice(String program, String bridge, int mtu) {
        private Optional<Path> file() {
            if (program.isEmpty()) {
                return LxcUserNic.installed();
            }
            return program.startsWith("/")
                    ? Optional.of(Path.of(program)).filter(Files::isExecutable)
                    : HostPrograms.find(program);
        }
    }

    /// @param outside the shell outside of all user namespaces, which is then this object's; empty where there is
    /// none
    public BridgedWayOut(DetachedNamespace namespace, Choice choice, Supplier<Optional<OutsideShell>> outside) {
        this.namespace = namespace;
        this.choice = choice;
        this.outside = outside;
    }

    /// Why this machine cannot give networks this way out; empty when it can, as far as can be seen.
    public static Optional<String> shortfall(Choice choice) {
        Optional<Path> program = choice.file();
        String why;
        if (program.isEmpty()) {
            why = (choice.program().isEmpty() ? LxcUserNic.NAME : choice.program())
                    + " is not installed (apt-get install lxc)";
        } else if (!isSetuid(program.get())) {
            why = program.get() + " is not root's and setuid (as root: chmod u+s " + program.get() + ")";
        } else if (!isThere(choice.bridge())) {
            why = "there is no bridge " + choice.bridge() + " (as root: systemctl start lxc-net, which makes lxcbr0)";
        } else {
            return Optional.empty();
        }
        return Optional.of(Outbound.unreachable(why));
    }

    private static boolean isSetuid(Path program) {
        try {
            return ((Integer) Files.getAttribute(program, "unix:mode") & SETUID) != 0;
        } catch (java.io.IOException e) {
            return false;
        }
    }

    private static boolean isThere(String bridge) {
        try {
            return NetworkInterface.getByName(bridge) != null;
        } catch (SocketException e) {
            return false;
        }
    }

    @Override
    public synchronized boolean isOpen() {
        return nic != null || closed;
    }

    @Override
    public synchronized void ensure() {
        if (nic != null || closed) {
            return;
        }
        KelpException failed = failure;
        if (failed != null && System.nanoTime() - failedNanos < Outbound.FAILED_NANOS) {
            throw failed;
        }
        try {
            nic = LxcUserNic.find(namespace, LxcUserNic.DEVICE).orElseGet(this::connect);
            failure = null;
        } catch (KelpException e) {
            failure = e;
            failedNanos = System.nanoTime();
            throw e;
        }
    }

    private LxcUserNic connect() {
        shortfall(choice).ifPresent(why -> {
            throw new KelpException(ErrorKind.NOT_FOUND, why);
        });
        LxcUserNic.Wish wish =
                new LxcUserNic.Wish(choice.file().orElseThrow(), choice.bridge(), LxcUserNic.DEVICE, choice.mtu());
        try (OutsideShell shell = outside.get()
                .orElseThrow(() -> new KelpException(
                                ErrorKind.FAILED_PRECONDITION,
                                LxcUserNic.NAME + " needs an engine that was started with it")
                        .withHint("kelp system stop; the next command starts one"))) {
            return LxcUserNic.connect(namespace, wish, shell);
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        if (nic != null) {
            nic.close();
        }
    }
}
