// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import java.util.Map;

/// How a command ended, as a wait status says it.
final class CommandExit {
    /// What RootlessKit ends with when a signal ended its child.
    private static final int BY_SIGNAL = 255;

    /// strsignal(3) for those that end a process in practice.
    private static final Map<Integer, String> SIGNALS = Map.ofEntries(
            Map.entry(1, "hangup"),
            Map.entry(2, "interrupt"),
            Map.entry(3, "quit"),
            Map.entry(4, "illegal instruction"),
            Map.entry(6, "aborted"),
            Map.entry(7, "bus error"),
            Map.entry(8, "floating point exception"),
            Map.entry(9, "killed"),
            Map.entry(10, "user defined signal 1"),
            Map.entry(11, "segmentation fault"),
            Map.entry(12, "user defined signal 2"),
            Map.entry(13, "broken pipe"),
            Map.entry(14, "alarm clock"),
            Map.entry(15, "terminated"));

    private CommandExit() {}

    static int code(int waitStatus) {
        return (waitStatus & 0x7f) == 0 ? waitStatus >> 8 & 0xff : BY_SIGNAL;
    }

    /// `exit status 42`, `signal: killed`.
    static String words(int waitStatus) {
        int signal = waitStatus & 0x7f;
        if (signal == 0) {
            return "exit status " + code(waitStatus);
        }
        return "signal: " + SIGNALS.getOrDefault(signal, "signal " + signal);
    }
}
