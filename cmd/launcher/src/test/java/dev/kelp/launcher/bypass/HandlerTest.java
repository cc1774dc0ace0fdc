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
            assertThat(handler.published(SERVICE)).contains(new InetSocketAddress("127.0.0.1", 8080));
            handler.gone("c2");
            assertThat(visitor.hasClaimed(port)).isTrue();
            handler.gone("c1");
            assertThat(handler.published(SERVICE)).isEmpty();
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
