// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/// Ethernet interfaces whose cable is a descriptor: each read(2) gives a frame that was sent on it, each write(2) is
/// one
/// that arrives (tuntap, Documentation/networking/tuntap.rst).
public final class TapDevices {
    private static final String TUN = "/dev/net/tun";
    private static final long TUNSETIFF = 0x4004_54ca;
    private static final short IFF_TAP = 2;
    private static final short IFF_NO_PI = 0x1000;

    // struct ifreq
    private static final int IFREQ_BYTES = 40;
    private static final int FLAGS_OFFSET = 16;

    private TapDevices() {}

    /// A new interface in the network namespace of the calling thread. It is there until the descriptor is closed.
    public static Fd open(String name) throws ErrnoException {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > Rtnetlink.NAME_CHARS_MAX) {
            throw new ErrnoException("ioctl TUNSETIFF", Errno.EINVAL, name);
        }
        Fd device = Inodes.open(TUN, Inodes.O_RDWR);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment request = arena.allocate(IFREQ_BYTES, 8);
            MemorySegment.copy(bytes, 0, request, JAVA_BYTE, 0, bytes.length);
            request.set(JAVA_SHORT, FLAGS_OFFSET, (short) (IFF_TAP | IFF_NO_PI));
            Libc.check(
                    Libc.call(Syscall.IOCTL, device.number(), TUNSETIFF, request.address()), "ioctl TUNSETIFF", name);
            return device;
        } catch (ErrnoException e) {
            device.close();
            throw e;
        }
    }
}
