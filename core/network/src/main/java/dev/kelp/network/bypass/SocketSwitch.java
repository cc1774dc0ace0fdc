// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.bypass;

import dev.kelp.linux.EpollTransfer;
import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.ProcessDescriptors;
import dev.kelp.linux.ProcessDescriptors.Copies;
import dev.kelp.linux.ProcessDescriptors.Membership;
import dev.kelp.linux.SeccompNotify;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Puts one socket in another's place wherever a waiting process has it.
final class SocketSwitch {
    private static final System.Logger LOG = System.getLogger(SocketSwitch.class.getName());

    private @Nullable EpollTransfer transfer;

    /// A call that waits, and the process it belongs to.
    record Caller(Fd listener, long id, ProcessDescriptors process) {}

    /// Replaces all descriptors of `old` by ones of `made`, all or none, and has epoll sets wait for `made` as they
    /// did
    /// for `old`. Since the process is asleep in its call, no thread of it that does as programs should sees
    /// anything
    /// in between.
    ///
    /// @return whether the call still waits
    /// @throws ErrnoException EBADF: the program has closed it meanwhile, and may have something else under its
    /// number
    boolean replace(Caller caller, int number, Fd old, Fd made) throws ErrnoException {
        Copies copies = caller.process().copies(old);
        List<Integer> numbers = copies.sockets();
        if (!numbers.contains(number)) {
            throw new ErrnoException("replace", Errno.EBADF, "descriptor " + number + " of a program");
        }
        List<Membership> memberships = new ArrayList<>();
        for (int epoll : copies.epolls()) {
            memberships.addAll(caller.process().memberships(epoll, old));
        }
        memberships.removeIf(m -> !numbers.contains(m.number()));
        List<Integer> done = new ArrayList<>();
        try {
            for (int n : numbers) {
                boolean closeOnExec = caller.process().closesOnExec(n);
                if (!SeccompNotify.replace(caller.listener(), caller.id(), made, n, closeOnExec)) {
                    return false;
                }
                done.add(n);
            }
            for (Membership m : memberships) {
                transfer().add(caller.process(), m);
            }
            return true;
        } catch (ErrnoException e) {
            restore(caller, done, old);
            throw e;
        }
    }

    /// The memberships of `old` end only when it is closed: with it back, they are as they were.
    private static void restore(Caller caller, List<Integer> numbers, Fd old) throws ErrnoException {
        LOG.log(Level.DEBUG, "a switch of {0} descriptors is undone", numbers.size());
        for (int n : numbers) {
            SeccompNotify.replace(
                    caller.listener(), caller.id(), old, n, caller.process().closesOnExec(n));
        }
    }

    private EpollTransfer transfer() throws ErrnoException {
        EpollTransfer present = transfer;
        if (present == null) {
            present = new EpollTransfer();
            transfer = present;
        }
        return present;
    }
}
