// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.bypass;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.SocketOptions;
import dev.kelp.linux.SocketOptions.Instruction;
import java.lang.System.Logger.Level;
import java.util.List;

/// Keeps a socket of the host's away from its loopback, whoever connects it. A program of several threads can put such
/// a socket in the place of another one while the kernel carries out a connect(2) that was left to it; what answers on
/// 127.0.0.0/8 or `::1` is then dropped, so that no connection comes about. What connects to the socket is let in.
/// A socket that is to reach a published service there gets the guard when it is connected, before a program has it.
///
/// The filter (SO_ATTACH_FILTER) looks at packets from the TCP header on; the network header is below SKF_NET_OFF. Some
/// machines let nobody but root have filters in their own network: there it is left out.
final class LoopbackGuard {
    private static final System.Logger LOG = System.getLogger(LoopbackGuard.class.getName());
    private static final int SKF_NET_OFF = -0x100000;
    private static final int LOAD_WORD = 0x20;
    private static final int LOAD_BYTE = 0x30;
    private static final int AND = 0x54;
    private static final int IF_EQUAL = 0x15;
    private static final int RETURN = 0x06;
    private static final int SYN_AND_ACK = 0x12;

    private static final List<Instruction> PROGRAM = List.of(
            load(LOAD_BYTE, 13),
            new Instruction(AND, 0, 0, SYN_AND_ACK),
            // only an answer to a connect(2) has both
            new Instruction(IF_EQUAL, 0, 14, SYN_AND_ACK),
            load(LOAD_BYTE, SKF_NET_OFF),
            new Instruction(AND, 0, 0, 0xf0),
            new Instruction(IF_EQUAL, 0, 2, 0x40),
            load(LOAD_BYTE, SKF_NET_OFF + 12),
            new Instruction(IF_EQUAL, 8, 9, 127),
            load(LOAD_WORD, SKF_NET_OFF + 8),
            new Instruction(IF_EQUAL, 0, 7, 0),
            load(LOAD_WORD, SKF_NET_OFF + 12),
            new Instruction(IF_EQUAL, 0, 5, 0),
            load(LOAD_WORD, SKF_NET_OFF + 16),
            new Instruction(IF_EQUAL, 0, 3, 0),
            load(LOAD_WORD, SKF_NET_OFF + 20),
            new Instruction(IF_EQUAL, 0, 1, 1),
            new Instruction(RETURN, 0, 0, 0),
            new Instruction(RETURN, 0, 0, -1));

    private boolean refused;

    private static Instruction load(int operation, int from) {
        return new Instruction(operation, 0, 0, from);
    }

    /// For good, where this is allowed.
    void guard(Fd socket) throws ErrnoException {
        if (refused) {
            return;
        }
        try {
            SocketOptions.attachFilterForGood(socket, PROGRAM);
        } catch (ErrnoException e) {
            if (e.errno() != Errno.EPERM) {
                throw e;
            }
            LOG.log(Level.DEBUG, "sockets of containers have no filter against this machine's loopback", e);
            refused = true;
        }
    }
}
