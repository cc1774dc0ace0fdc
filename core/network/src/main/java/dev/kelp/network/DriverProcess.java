// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Poll;
import dev.kelp.linux.Processes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.rootless.SpawnRequest;
import dev.kelp.rootless.SpawnedProcess;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;

/// What the drivers have in common: a program is started, and either works within a time or ends with words.
final class DriverProcess {
    private static final System.Logger LOG = System.getLogger(DriverProcess.class.getName());
    private static final long READY_MILLIS_MAX = 10_000;
    private static final long ASK_AGAIN_MILLIS = 5;
    private static final int WORDS_BYTES_MAX = 16 << 10;
    private static final int NAMESPACE_FD = 9;

    /// Where a driver finds the namespace: pasta gives up the right to look at other processes' descriptors before
    /// it
    /// opens the path.
    static final String NAMESPACE_PATH = "/proc/self/fd/" + NAMESPACE_FD;

    private DriverProcess() {}

    /// @param key under which the holder keeps it
    /// @param argv with an absolute path first; NAMESPACE_PATH stands for the namespace
    /// @param needsDaemon it is of no use when this process has ended; else it goes on until the holder ends
    record Job(HostPrograms programs, DetachedNamespace namespace, String key, List<String> argv, boolean needsDaemon) {
        Job(HostPrograms programs, DetachedNamespace namespace, String key, List<String> argv) {
            this(programs, namespace, key, argv, false);
        }

        private SpawnRequest request(Map<Integer, Fd> descriptors) {
            SpawnRequest request = SpawnRequest.of(key, argv, HostPrograms.ENVIRONMENT, descriptors)
                    .inOwnSession();
            return needsDaemon ? request.dyingWithDaemon() : request.dyingWithHolder();
        }
    }

    /// @param ready the number under which the program finds a pipe and writes a byte when it works; −1: it has
    /// none,
    ///     and `works` is asked
    static SpawnedProcess start(Job job, int ready, BooleanSupplier works) {
        HostPrograms programs = job.programs();
        String name = job.argv().getFirst();
        try {
            Fd[] words = Pipes.pipe();
            Fd[] signal = Pipes.pipe();
            try (Fd wordsRead = words[0];
                    Fd wordsWrite = words[1];
                    Fd signalRead = signal[0];
                    Fd signalWrite = signal[1]) {
                Map<Integer, Fd> descriptors = new HashMap<>(
                        Map.of(2, wordsWrite, NAMESPACE_FD, job.namespace().fd()));
                if (ready >= 0) {
                    descriptors.put(ready, signalWrite);
                }
                SpawnedProcess process = programs.spawner().spawn(job.request(descriptors));
                wordsWrite.close();
                signalWrite.close();
                if (ready >= 0 ? signalled(signalRead, process) : asked(works, process)) {
                    if (job.needsDaemon()) {
                        listen(wordsRead.duplicate());
                    }
                    return process;
                }
                throw failed(job, process, wordsRead);
            }
        } catch (ErrnoException e) {
            throw e.toKelp("start " + name);
        }
    }

    /// gvproxy says things while it works, and SIGPIPE would end it where nobody listens.
    private static void listen(Fd words) {
        Thread.ofPlatform().name("kelp-driver-words").daemon(true).start(() -> {
            try (InputStream in = Pipes.input(words)) {
                in.transferTo(OutputStream.nullOutputStream());
            } catch (IOException e) {
                LOG.log(Level.DEBUG, "listen to a network driver", e);
            }
        });
    }

    private static boolean signalled(Fd signal, SpawnedProcess process) throws ErrnoException {
        int[] events = Poll.await(List.of(signal, process.pidfd()), Poll.POLLIN, READY_MILLIS_MAX);
        return (events[0] & Poll.POLLIN) != 0;
    }

    private static boolean asked(BooleanSupplier works, SpawnedProcess process) throws ErrnoException {
        for (long waited = 0; waited < READY_MILLIS_MAX; waited += ASK_AGAIN_MILLIS) {
            if (works.getAsBoolean()) {
                return true;
            }
            if (Poll.await(process.pidfd(), Poll.POLLIN, ASK_AGAIN_MILLIS) != 0) {
                return false;
            }
        }
        return false;
    }

    private static KelpException failed(Job job, SpawnedProcess process, Fd words) {
        end(process);
        String said = "";
        try (InputStream in = Pipes.input(words)) {
            said = reason(new String(in.readNBytes(WORDS_BYTES_MAX), StandardCharsets.UTF_8));
        } catch (IOException e) {
            said = e.toString();
        }
        forget(job, process);
        return new KelpException(
                ErrorKind.UNAVAILABLE,
                "start " + job.argv().getFirst() + ": " + (said.isEmpty() ? "it did not get ready" : said));
    }

    /// What a program said before it explained all of itself, and without what pasta says of its log.
    static String reason(String words) {
        return words.lines()
                .filter(l -> !l.matches("Failed to send \\d+ bytes to syslog"))
                .takeWhile(l -> !l.startsWith("Usage:"))
                .collect(Collectors.joining("\n"))
                .strip();
    }

    /// Ends one that works, for it is of no use.
    static void discard(Job job, SpawnedProcess process) {
        end(process);
        forget(job, process);
    }

    private static void forget(Job job, SpawnedProcess process) {
        process.waitStatus().join();
        job.programs().spawner().acknowledge(job.key());
        process.pidfd().close();
    }

    private static void end(SpawnedProcess process) {
        try {
            Processes.sendSignal(process.pidfd(), Processes.SIGKILL);
        } catch (ErrnoException e) {
            // it has ended by itself
        }
    }
}
