// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.bypass;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.linux.Fd;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.linux.Rtnetlink;
import dev.kelp.linux.SocketOptions;
import dev.kelp.model.network.Subnet;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Optional;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The same on a kernel that lets nobody but root have filters of sockets.
class BypassTiedKernelTest extends BypassAttackKernelTest {
    @Override
    boolean allowsFilters() {
        return false;
    }

    /// Nothing guards a socket that was connected with the loopback, so nobody gets one.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @Override
    void aSocketThatReachedAPublishedServiceOnTheLoopbackReachesNothingElseThere(boolean waits) throws Exception {
        try (ServerSocket service = listen(host, "127.0.0.1");
                ServerSocket inside = listen(container, "127.0.0.1")) {
            shortcut = Optional.of(new InetSocketAddress("127.0.0.1", service.getLocalPort()));
            Future<Fd> socket = start(() -> {
                Fd made = SocketOptions.tcp(SocketOptions.AF_INET);
                SocketOptions.setNonBlocking(made, !waits);
                connect(made, SocketOptions.AF_INET, "127.0.0.1", inside.getLocalPort());
                return made;
            });
            get(socket).close();
            inside.setSoTimeout(20_000);
            assertThat(errnoOf(inside)).startsWith("reached by /127.0.0.1");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "::"})
    void aServiceOnAllInterfacesIsReachedByAnAddressOfTheHosts(String all) throws Exception {
        int family = all.equals("::") ? SocketOptions.AF_INET6 : SocketOptions.AF_INET;
        try (ServerSocket service = listen(host, all)) {
            shortcut = Optional.of(new InetSocketAddress(InetAddress.getByName(all), service.getLocalPort()));
            Future<Integer> errno = start(() -> {
                try (Fd made = SocketOptions.tcp(family)) {
                    return connect(made, family, all.equals("::") ? "::1" : "127.0.0.1", 80);
                }
            });
            assertThat(get(errno)).isZero();
            service.setSoTimeout(20_000);
            assertThat(errnoOf(service)).startsWith("reached by /" + (all.equals("::") ? "[2001:db8:" : HOST));
        }
    }

    /// Its own address is on an interface that every program reaches the loopback by.
    @Test
    void whatLeavesByTheLoopbackStaysInside() throws Exception {
        try (ServerSocket server = listen(host, "0.0.0.0")) {
            address("192.0.2.200");
            Future<Integer> errno = start(() -> {
                try (Fd made = SocketOptions.tcp(SocketOptions.AF_INET)) {
                    return connect(made, SocketOptions.AF_INET, "192.0.2.200", server.getLocalPort());
                }
            });
            // ENETUNREACH: the container has no route
            assertThat(get(errno)).isEqualTo(101);
        }
    }

    private void address(String own) throws Exception {
        try (Rtnetlink links = NetworkNamespaces.inside(host.fd(), Rtnetlink::open)) {
            int loopback = links.index("lo");
            links.addAddress(new Rtnetlink.Address(loopback, Subnet.parseAddress(own), 32));
            links.setUp(loopback);
        }
    }
}
