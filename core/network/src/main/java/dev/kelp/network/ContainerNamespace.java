// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.linux.Rtnetlink;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;

/// A container's network namespace while its interfaces are made.
public final class ContainerNamespace implements AutoCloseable {
    private final Fd namespace;
    private final Rtnetlink links;

    private ContainerNamespace(Fd namespace, Rtnetlink links) {
        this.namespace = namespace;
        this.links = links;
    }

    /// A new one, its loopback up.
    public static ContainerNamespace create() {
        try {
            return NetworkNamespaces.insideNew(() -> {
                Fd own = NetworkNamespaces.own();
                try {
                    return opened(own);
                } catch (ErrnoException e) {
                    own.close();
                    throw e;
                }
            });
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "make a network namespace: " + e.getMessage(), e);
        }
    }

    private static ContainerNamespace opened(Fd own) throws ErrnoException {
        Rtnetlink links = Rtnetlink.open();
        try {
            links.setUp(links.index("lo"));
            return new ContainerNamespace(own, links);
        } catch (ErrnoException e) {
            links.close();
            throw e;
        }
    }

    /// One that a container runs in. The descriptor becomes this object's.
    public static ContainerNamespace of(Fd namespace) {
        try {
            return new ContainerNamespace(namespace, NetworkNamespaces.inside(namespace, Rtnetlink::open));
        } catch (IOException e) {
            namespace.close();
            throw new KelpException(ErrorKind.INTERNAL, "enter a container's network: " + e.getMessage(), e);
        }
    }

    /// Stays this object's.
    public Fd fd() {
        return namespace;
    }

    Rtnetlink links() {
        return links;
    }

    /// Lets go; the namespace stays for as long as somebody else keeps it.
    @Override
    public void close() {
        links.close();
        namespace.close();
    }
}
