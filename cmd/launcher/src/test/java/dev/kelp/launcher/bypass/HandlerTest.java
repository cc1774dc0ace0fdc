// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.bypass;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.kelp.model.KelpException;
import dev.kelp.network.bypass.Guest;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HandlerTest {
    private static final InetSocketAddress SERVICE = new InetSocketAddress("127.0.0.1", 80);

    @TempDir
    Path folder;

    private Handler open(Path socket) {
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
        return Handler.open(
                Wish.of(Wish.LOOPBACK, List.of(Wish.port("8080:80")), false),
                socket,
                Journal.to(nowhere, false),
                to -> Optional.empty());
    }

    @Test
    void aPortIsClaimedFromBindingUntilItsContainerIsGone() {
        try (Handler handler = open(folder.resolve("s"))) {
            Visitor visitor = handler.welcome("c1", 0);
            handler.welcome("c2", 0);
            int port = visitor.claim(80, Guest.Families.IPV4).orElseThrow().getPort();
            assertThat(port).isEqualTo(8080);
            // bind(2) may yet fail
            assertThat(visitor.hasClaimed(port)).isFalse();
            assertThat(handler.published(SERVICE)).isEmpty();
            visitor.bound(port);
            assertThat(handler.published(SERVICE)).contains(new InetSocketAddress("0.0.0.0", 8080));
            handler.gone("c2");
            assertThat(visitor.hasClaimed(port)).isTrue();
            handler.gone("c1");
            assertThat(handler.published(SERVICE)).isEmpty();
        }
    }

    @Test
    void aContainerIsItsOwnProcessAsLongAsThatIsThere() throws Exception {
        Process first = new ProcessBuilder("sleep", "100").start();
        try (Handler handler = open(folder.resolve("s"))) {
            int own = (int) ProcessHandle.current().pid();
            Visitor visitor = handler.welcome("c1", (int) first.pid());
            assertThat(handler.welcome("c1", own)).isSameAs(visitor);
            assertThat(handler.welcome("c1", 0)).isSameAs(visitor);
            first.destroyForcibly().waitFor();
            Visitor again = handler.welcome("c1", own);
            assertThat(again.process()).isEqualTo(own);
            assertThat(handler.welcome("c1", 0)).isSameAs(again);
        } finally {
            first.destroyForcibly();
        }
    }

    @Test
    void oneThatEndsLeavesAnothersSocket() {
        Path socket = folder.resolve("s");
        Handler earlier = open(socket);
        try (Handler later = open(socket)) {
            assertThat(later).isNotSameAs(earlier);
            earlier.close();
            assertThat(socket).exists();
        }
        assertThat(socket).doesNotExist();
    }

    @Test
    void whereNothingCanListenIsSaid() {
        assertThatExceptionOfType(KelpException.class)
                .isThrownBy(() -> open(folder.resolve("absent").resolve("s")));
    }
}
