// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class UpstreamsTest {
    @TempDir
    private Path folder;

    @Test
    void aFileThatIsReplacedIsRead() throws Exception {
        Path file = write("resolv.conf", "nameserver 192.0.2.1\nnameserver fe80::1%eth0\n");
        Upstreams upstreams = new Upstreams(file);
        assertThat(hosts(upstreams)).containsExactly("192.0.2.1", "fe80:0:0:0:0:0:0:1");
        // as NetworkManager and resolvconf do
        Files.move(write("new", "nameserver 192.0.2.2\n"), file, StandardCopyOption.ATOMIC_MOVE);
        await(upstreams, "192.0.2.2");
        Files.delete(file);
        await(upstreams, "127.0.0.1");
        write("resolv.conf", "nameserver 192.0.2.3\n");
        await(upstreams, "192.0.2.3");
    }

    /// systemd-resolved's arrangement: the name stays, what it leads to is another file.
    @Test
    void aLinkThatLeadsElsewhereIsFollowed() throws Exception {
        Path file = folder.resolve("resolv.conf");
        Files.createSymbolicLink(file, write("stub", "nameserver 192.0.2.1\n"));
        Upstreams upstreams = new Upstreams(file);
        assertThat(hosts(upstreams)).containsExactly("192.0.2.1");
        Path other = write("other", "nameserver 192.0.2.9\n");
        // written at the same moment as the first one was
        Files.setLastModifiedTime(other, Files.getLastModifiedTime(file));
        Files.move(Files.createSymbolicLink(folder.resolve("link"), other), file, StandardCopyOption.ATOMIC_MOVE);
        await(upstreams, "192.0.2.9");
    }

    private Path write(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private static List<String> hosts(Upstreams upstreams) {
        return upstreams.servers().stream()
                .map(InetSocketAddress::getAddress)
                .map(a -> a.getHostAddress().split("%")[0])
                .toList();
    }

    private static void await(Upstreams upstreams, String host) throws InterruptedException {
        while (!hosts(upstreams).equals(List.of(host))) {
            Thread.sleep(20);
        }
    }
}
