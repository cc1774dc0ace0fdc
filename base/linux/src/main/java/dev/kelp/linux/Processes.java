// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// Signals and pidfds (kill(2), pidfd_open(2), pidfd_send_signal(2)). A pidfd never names another process later.
public final class Processes {
    public static final int SIGHUP = 1;
    public static final int SIGINT = 2;
    public static final int SIGQUIT = 3;
    public static final int SIGKILL = 9;
    public static final int SIGTERM = 15;

    private Processes() {}

    public static Fd pidfdOpen(int pid) throws ErrnoException {
        return Fd.own(Libc.check(Libc.call(Syscall.PIDFD_OPEN, pid, 0), "pidfd_open", Integer.toString(pid)));
    }

    public static void sendSignal(Fd pidfd, int signal) throws ErrnoException {
        Libc.check(
                Libc.call(Syscall.PIDFD_SEND_SIGNAL, pidfd.number(), signal, 0, 0),
                "pidfd_send_signal",
                pidfd.toString());
    }

    public static void kill(int pid, int signal) throws ErrnoException {
        Libc.check(Libc.call(Syscall.KILL, pid, signal), "kill", Integer.toString(pid));
    }

    /// The calling thread's id, by gettid(2).
    public static int ownThread() {
        return Libc.call(Syscall.GETTID, 0);
    }

    /// Field 22 of /proc/PID/stat, the start time in clock ticks since boot: with the pid it names a process for
    /// good.
    public static Optional<Long> startTicks(int pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            return fields[0].equals("Z") || fields[0].equals("X")
                    ? Optional.empty()
                    : Optional.of(Long.parseLong(fields[19]));
        } catch (IOException | RuntimeException e) {
            return Optional.empty();
        }
    }
}
