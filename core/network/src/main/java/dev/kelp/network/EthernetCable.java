// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Rtnetlink;
import dev.kelp.linux.TapDevices;
import dev.kelp.linux.UnixSockets;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.function.Predicate;

/// Carries frames between a tap device and a program that speaks VPNKit's protocol: a greeting, a wish for an address,
/// and
/// then frames, each behind its length in two bytes. Two threads, until one side ends; then the device is gone too.
final class EthernetCable {
    private static final System.Logger LOG = System.getLogger(EthernetCable.class.getName());
    private static final byte[] MAGIC = "VMN3T".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 22;
    private static final int COMMIT_BYTES = 40;
    private static final byte WITH_ADDRESS = 8;
    private static final byte GRANTED = 1;
    private static final String IDENTITY = "6b656c70-0000-4000-8000-000000000001";
    private static final int GRANT_BYTES = 257;
    private static final int MAC_OFFSET = 4;
    private static final int MAC_BYTES = 6;
    private static final int LENGTH_BYTES = 2;
    private static final int SHUT_BOTH = 2;
    private static final int FRAME_BYTES_MAX = 65_535;
    private static final HexFormat MAC = HexFormat.ofDelimiter(":");

    private final Fd socket;
    private final Fd tap;
    private final Predicate<ByteBuffer> passes;
    private final Rtnetlink links;
    private final int link;

    private EthernetCable(Fd socket, Fd tap, Ends ends, Predicate<ByteBuffer> passes) throws ErrnoException {
        this.socket = socket;
        this.tap = tap;
        this.passes = passes;
        links = ends.namespace().links();
        link = links.index(ends.device());
    }

    /// Where a cable is laid.
    ///
    /// @param device its name inside
    /// @param own its address
    /// @param gateway the default route's
    record Ends(
            DetachedNamespace namespace,
            String device,
            InetAddress own,
            InetAddress gateway,
            int prefixBits,
            int mtu) {}

    /// Greets the program and connects a new device with it; owns the socket.
    ///
    /// @param passes whether a frame may leave
    static void connect(Fd socket, Ends ends, Predicate<ByteBuffer> passes) {
        Fd tap = null;
        try {
            String mac = greet(socket, ends.own());
            tap = NetworkNamespaces.inside(ends.namespace().fd(), () -> TapDevices.open(ends.device()));
            EthernetCable cable = new EthernetCable(socket, tap, ends, passes);
            cable.configure(ends, mac);
            cable.start();
        } catch (IOException e) {
            socket.close();
            if (tap != null) {
                tap.close();
            }
            throw new KelpException(
                    ErrorKind.UNAVAILABLE, "connect " + ends.device() + " with its driver: " + e.getMessage(), e);
        }
    }

    /// @return the hardware address that the program gives
    private static String greet(Fd socket, InetAddress own) throws IOException {
        ByteBuffer hello = buffer(MAGIC.length + Integer.BYTES + COMMIT_BYTES);
        hello.put(MAGIC).putInt(VERSION).rewind();
        Pipes.writeAll(socket, hello);
        readFully(socket, hello);
        for (byte b : MAGIC) {
            if (hello.get() != b) {
                throw new IOException("it does not speak VPNKit's protocol");
            }
        }
        ByteBuffer wish = buffer(1 + IDENTITY.length() + Integer.BYTES);
        wish.put(WITH_ADDRESS).put(IDENTITY.getBytes(StandardCharsets.US_ASCII));
        wish.putInt(ByteBuffer.wrap(own.getAddress()).getInt()).flip();
        Pipes.writeAll(socket, wish);
        ByteBuffer answer = buffer(1);
        readFully(socket, answer);
        if (answer.get() != GRANTED) {
            throw new IOException("it refuses " + own.getHostAddress());
        }
        ByteBuffer grant = buffer(GRANT_BYTES);
        readFully(socket, grant);
        byte[] mac = new byte[MAC_BYTES];
        grant.get(MAC_OFFSET, mac);
        return MAC.formatHex(mac);
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private void configure(Ends ends, String mac) throws ErrnoException {
        links.setHardware(link, mac, ends.mtu());
        links.addAddress(new Rtnetlink.Address(link, ends.own(), ends.prefixBits()));
        links.setUp(link);
        links.addRoute(Rtnetlink.Route.byDefault(ends.gateway(), link));
    }

    private void start() {
        carry("kelp-cable-out", this::out);
        carry("kelp-cable-in", this::in);
    }

    private interface Carrying {
        void run() throws IOException;
    }

    private void carry(String name, Carrying work) {
        Thread.ofPlatform().name(name).daemon(true).start(() -> {
            try {
                work.run();
            } catch (IOException e) {
                LOG.log(Level.DEBUG, name + " ends", e);
            } finally {
                end();
            }
        });
    }

    private void out() throws IOException {
        ByteBuffer frame = buffer(LENGTH_BYTES + FRAME_BYTES_MAX);
        while (true) {
            int n = Pipes.read(tap, frame.clear().position(LENGTH_BYTES));
            if (n <= 0) {
                return;
            }
            frame.limit(LENGTH_BYTES + n).position(LENGTH_BYTES);
            if (passes.test(frame.slice())) {
                frame.putShort(0, (short) n).rewind();
                Pipes.writeAll(socket, frame);
            }
        }
    }

    private void in() throws IOException {
        ByteBuffer bytes = buffer(2 * (LENGTH_BYTES + FRAME_BYTES_MAX));
        while (Pipes.read(socket, bytes) > 0) {
            bytes.flip();
            while (bytes.remaining() >= LENGTH_BYTES) {
                int length = Short.toUnsignedInt(bytes.getShort(bytes.position()));
                if (bytes.remaining() < LENGTH_BYTES + length) {
                    break;
                }
                int next = bytes.position() + LENGTH_BYTES + length;
                deliver(bytes.slice(bytes.position() + LENGTH_BYTES, length));
                bytes.position(next);
            }
            bytes.compact();
        }
    }

    /// A frame that the device does not take is lost, as on any network.
    private void deliver(ByteBuffer frame) {
        try {
            Pipes.writeAll(tap, frame);
        } catch (ErrnoException e) {
            LOG.log(Level.DEBUG, "deliver a frame", e);
        }
    }

    /// Closing alone would leave the other thread in read(2), and with it the device.
    private void end() {
        try {
            UnixSockets.shutdown(socket, SHUT_BOTH);
            links.delete(link);
        } catch (ErrnoException | IllegalStateException e) {
            LOG.log(Level.DEBUG, "end a cable", e);
        }
        tap.close();
    }

    private static void readFully(Fd from, ByteBuffer into) throws IOException {
        into.clear();
        while (into.hasRemaining()) {
            if (Pipes.read(from, into) <= 0) {
                throw new IOException("it closed the connection");
            }
        }
        into.flip();
    }
}
