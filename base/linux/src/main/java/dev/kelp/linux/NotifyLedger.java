// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.kelp.linux.SeccompNotify.Notification;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The notifications that were received and not answered, in memory that outlives the process: the kernel tells each
/// only once, and a thread whose notification was lost with its reader would sleep for good.
///
/// The memory is a file of memfd_create(2) that somebody else keeps open. A notification is received straight into it,
/// so there is no moment in which only this process knows of it. One thread at a time.
public final class NotifyLedger implements AutoCloseable {
    /// How many may be under way at once.
    public static final int SLOTS = 4096;

    private static final int SLOT_BYTES = 128;
    private static final int OWNER = 0;
    private static final int RECORD = 16;
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED = 1;

    private final Fd memory;
    private final MemorySegment slots;
    private int next;

    /// What an earlier process left: `owner` is what it gave to [#receive].
    public record Left(long owner, Entry entry) {}

    /// A notification and its place here.
    public record Entry(int slot, Notification notification) {}

    private NotifyLedger(Fd memory, MemorySegment slots) {
        this.memory = memory;
        this.slots = slots;
    }

    public static NotifyLedger create() throws ErrnoException {
        Fd memory = Pipes.memory("kelp-notifications");
        try {
            Inodes.truncate(memory, (long) SLOTS * SLOT_BYTES);
            return open(memory);
        } catch (ErrnoException e) {
            memory.close();
            throw e;
        }
    }

    /// The one behind a descriptor of [#memory], which becomes this object's.
    public static NotifyLedger open(Fd memory) throws ErrnoException {
        long size = (long) SLOTS * SLOT_BYTES;
        if (Inodes.stat(memory).sizeBytes() != size) {
            throw new ErrnoException("mmap", Errno.EINVAL, "a ledger of another size");
        }
        long address = Libc.check(
                Libc.syscall(Syscall.MMAP.number(), 0, size, PROT_READ_WRITE, MAP_SHARED, memory.number(), 0),
                "mmap",
                memory.toString());
        return new NotifyLedger(memory, MemorySegment.ofAddress(address).reinterpret(size));
    }

    /// To be kept by whoever survives this process; stays this object's.
    public Fd memory() {
        return memory;
    }

    /// Receives a notification that poll(2) said is there; empty when its call is gone meanwhile.
    ///
    /// @param owner names the listener for who comes after; not 0
    public Optional<Entry> receive(Fd listener, long owner) throws ErrnoException {
        int slot = free();
        MemorySegment s = slots.asSlice((long) slot * SLOT_BYTES, SLOT_BYTES);
        s.fill((byte) 0);
        s.set(JAVA_LONG, OWNER, owner);
        MemorySegment record = s.asSlice(RECORD, SeccompNotify.NOTIFICATION_BYTES);
        boolean received = false;
        try {
            received = SeccompNotify.receive(listener, record);
        } finally {
            if (!received) {
                forget(slot);
            }
        }
        return received ? Optional.of(new Entry(slot, SeccompNotify.read(record))) : Optional.empty();
    }

    private int free() throws ErrnoException {
        for (int i = 0; i < SLOTS; i++) {
            // from where one became free last: the memory that is touched stays small
            int slot = (next + i) % SLOTS;
            if (slots.get(JAVA_LONG, (long) slot * SLOT_BYTES) == 0) {
                return slot;
            }
        }
        throw new ErrnoException("receive", Errno.ENOSPC, SLOTS + " notifications wait for their answers");
    }

    /// It was answered, or its call is gone.
    public void forget(int slot) {
        slots.set(JAVA_LONG, (long) slot * SLOT_BYTES, 0);
        next = slot;
    }

    /// All that are here: after [#open], what the earlier process did not come to answer.
    public List<Left> left() {
        List<Left> all = new ArrayList<>();
        for (int i = 0; i < SLOTS; i++) {
            MemorySegment s = slots.asSlice((long) i * SLOT_BYTES, SLOT_BYTES);
            long owner = s.get(JAVA_LONG, OWNER);
            Notification n = SeccompNotify.read(s.asSlice(RECORD, SeccompNotify.NOTIFICATION_BYTES));
            if (owner != 0 && n.id() != 0) {
                all.add(new Left(owner, new Entry(i, n)));
            } else {
                forget(i);
            }
        }
        return all;
    }

    /// Closes the descriptor; the memory stays mapped.
    @Override
    public void close() {
        memory.close();
    }
}
