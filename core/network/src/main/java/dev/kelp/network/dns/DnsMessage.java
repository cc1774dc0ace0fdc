// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.dns;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Reads the question of a DNS message and writes answers to it (RFC 1035 section 4, RFC 3596 for AAAA).
final class DnsMessage {
    static final int A = 1;
    static final int PTR = 12;
    static final int AAAA = 28;
    static final int HEADER_BYTES = 12;

    /// A name in its wire form, RFC 1035 section 2.3.4.
    static final int NAME_BYTES_MAX = 255;

    static final int NAME_ERROR = 3;
    static final int SERVER_FAILURE = 2;
    static final int FORMAT_ERROR = 1;

    private static final int INTERNET = 1;
    private static final int LABEL_BYTES_MAX = 63;
    private static final int RESPONSE = 0x8000;
    private static final int OPCODE = 0x7800;
    private static final int RECURSION_DESIRED = 0x0100;
    private static final int RECURSION_AVAILABLE = 0x0080;
    private static final int NAME_OF_QUESTION = 0xc000 | HEADER_BYTES;
    private static final int TTL_SECONDS = 5;
    private static final String REVERSE_V4 = ".in-addr.arpa";
    private static final String REVERSE_V6 = ".ip6.arpa";

    private DnsMessage() {}

    /// @param name lower case, without a dot at the end
    /// @param end where the question ends in the message
    record Question(int id, int flags, String name, int type, int end) {
        boolean isReverse() {
            return type == PTR && (name.endsWith(REVERSE_V4) || name.endsWith(REVERSE_V6));
        }
    }

    /// The one question of a standard query; empty for everything else, which may still be forwarded.
    static Optional<Question> question(ByteBuffer message) {
        ByteBuffer in = message.duplicate();
        int start = in.position();
        try {
            int id = Short.toUnsignedInt(in.getShort());
            int flags = Short.toUnsignedInt(in.getShort());
            int questions = Short.toUnsignedInt(in.getShort());
            in.position(start + HEADER_BYTES);
            if ((flags & (RESPONSE | OPCODE)) != 0 || questions != 1) {
                return Optional.empty();
            }
            StringBuilder name = new StringBuilder();
            int bytes = 1;
            for (int length = in.get(); length != 0; length = in.get()) {
                bytes += length + 1;
                // a compressed name has no place in the first question
                if (length < 0 || length > LABEL_BYTES_MAX || bytes > NAME_BYTES_MAX) {
                    return Optional.empty();
                }
                byte[] label = new byte[length];
                in.get(label);
                name.append(name.isEmpty() ? "" : ".").append(new String(label, StandardCharsets.ISO_8859_1));
            }
            int type = Short.toUnsignedInt(in.getShort());
            int kind = Short.toUnsignedInt(in.getShort());
            return kind != INTERNET
                    ? Optional.empty()
                    : Optional.of(new Question(
                            id, flags, name.toString().toLowerCase(Locale.ROOT), type, in.position() - start));
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /// The address that a reverse name stands for.
    static Optional<InetAddress> reversed(String name) {
        boolean v4 = name.endsWith(REVERSE_V4);
        String digits = name.substring(0, name.length() - (v4 ? REVERSE_V4 : REVERSE_V6).length());
        String[] labels = digits.split("\\.");
        byte[] address = new byte[v4 ? 4 : 16];
        if (labels.length != (v4 ? 4 : 32)) {
            return Optional.empty();
        }
        try {
            for (int i = 0; i < labels.length; i++) {
                int value = Integer.parseInt(labels[labels.length - 1 - i], v4 ? 10 : 16);
                if (value < 0 || value > (v4 ? 255 : 15)) {
                    return Optional.empty();
                }
                if (v4) {
                    address[i] = (byte) value;
                } else {
                    address[i / 2] |= (byte) (i % 2 == 0 ? value << 4 : value);
                }
            }
            return Optional.of(InetAddress.getByAddress(address));
        } catch (NumberFormatException | UnknownHostException e) {
            return Optional.empty();
        }
    }

    /// An answer with these addresses, as many as fit; those of the other family than was asked for make it empty.
    static ByteBuffer addresses(ByteBuffer query, Question question, List<InetAddress> addresses) {
        List<byte[]> data = new ArrayList<>();
        for (InetAddress address : addresses) {
            byte[] bytes = address.getAddress();
            if (bytes.length == (question.type() == A ? 4 : 16)) {
                data.add(bytes);
            }
        }
        return answer(query, question, question.type(), data);
    }

    static ByteBuffer name(ByteBuffer query, Question question, String name) {
        ByteBuffer out = ByteBuffer.allocate(NAME_BYTES_MAX + 2);
        for (String label : name.split("\\.")) {
            byte[] bytes = label.getBytes(StandardCharsets.ISO_8859_1);
            if (bytes.length == 0 || bytes.length > LABEL_BYTES_MAX || out.remaining() < bytes.length + 2) {
                return failure(query, question, NAME_ERROR);
            }
            out.put((byte) bytes.length).put(bytes);
        }
        out.put((byte) 0);
        byte[] data = new byte[out.position()];
        out.flip().get(data);
        return answer(query, question, PTR, List.of(data));
    }

    private static ByteBuffer answer(ByteBuffer query, Question question, int type, List<byte[]> data) {
        ByteBuffer out = header(query, question, 0);
        int count = 0;
        for (byte[] d : data) {
            if (out.remaining() < 12 + d.length) {
                break;
            }
            out.putShort((short) NAME_OF_QUESTION)
                    .putShort((short) type)
                    .putShort((short) INTERNET)
                    .putInt(TTL_SECONDS)
                    .putShort((short) d.length)
                    .put(d);
            count++;
        }
        return out.putShort(6, (short) count).flip();
    }

    /// @param code FORMAT_ERROR, SERVER_FAILURE, NAME_ERROR
    static ByteBuffer failure(ByteBuffer query, Question question, int code) {
        return header(query, question, code).flip();
    }

    /// Header and question; 512 bytes is what every resolver takes (RFC 1035 section 2.3.4).
    private static ByteBuffer header(ByteBuffer query, Question question, int code) {
        ByteBuffer out = ByteBuffer.allocate(512);
        out.putShort((short) question.id())
                .putShort((short) (RESPONSE | question.flags() & RECURSION_DESIRED | RECURSION_AVAILABLE | code))
                .putShort((short) 1)
                .putShort((short) 0)
                .putInt(0);
        return out.put(query.slice(query.position() + HEADER_BYTES, question.end() - HEADER_BYTES));
    }
}
