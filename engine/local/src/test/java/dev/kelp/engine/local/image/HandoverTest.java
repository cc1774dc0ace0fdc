// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// However either side ends, the other does not wait for it.
@Timeout(value = 20, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class HandoverTest {
    private static final int LARGE_BYTES = 5 << 20;

    private static void copy(Handover.Source in, OutputStream out) throws IOException {
        while (in.next(out)) {
            // all of it
        }
    }

    @Test
    void everythingArrivesInOrder() throws IOException {
        byte[] sent = new byte[LARGE_BYTES];
        new Random(1).nextBytes(sent);
        ByteArrayOutputStream got = new ByteArrayOutputStream();
        try (Handover h = new Handover("test", in -> copy(in, got))) {
            for (int at = 0; at < sent.length; at += 7919) {
                h.write(sent, at, Math.min(7919, sent.length - at));
            }
            h.finish();
        }
        assertThat(got.toByteArray()).isEqualTo(sent);
    }

    @Test
    void aWriterThatGivesUpIsNotWaitedFor() {
        ByteArrayOutputStream got = new ByteArrayOutputStream();
        assertThatThrownBy(() -> {
                    try (Handover h = new Handover("test", in -> copy(in, got))) {
                        h.write(new byte[LARGE_BYTES]);
                        throw new IllegalStateException("given up");
                    }
                })
                .hasMessage("given up");
    }

    @Test
    void aWorkerThatFailsInTheMiddleIsHeardOf() {
        OutputStream full = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("full");
            }
        };
        assertThatThrownBy(() -> {
                    try (Handover h = new Handover("test", in -> copy(in, full))) {
                        h.write(new byte[LARGE_BYTES]);
                        h.finish();
                    }
                })
                .hasMessage("full");
    }

    @Test
    void aWorkerThatFailsAtTheEndIsHeardOf() {
        assertThatThrownBy(() -> {
                    try (Handover h = new Handover("test", in -> {
                        copy(in, OutputStream.nullOutputStream());
                        throw new IOException("no room for the trailer");
                    })) {
                        h.write(new byte[LARGE_BYTES]);
                        h.finish();
                    }
                })
                .hasMessage("no room for the trailer");
    }
}
