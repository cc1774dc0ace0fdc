// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rootless;

import dev.kelp.linux.Fd;
import dev.kelp.model.KelpException;
import java.util.List;
import java.util.Map;

/// A program to start.
///
/// @param key names the process for [Spawner#acknowledge] and after a restart of the daemon; unique among the running
/// @param argv the words, the first an absolute path
/// @param environment all of it, `NAME=value`
/// @param descriptors what the child gets: number in the child → descriptor here. 0, 1 and 2 that are not named become
/// /dev/null; everything else is closed. The descriptors stay the caller's, who closes them after the spawn
/// @param workingDirectory absolute; empty: `/`
/// @param ownSession the child leads a session (setsid(2))
/// @param life what it must not outlive
public record SpawnRequest(
        String key,
        List<String> argv,
        List<String> environment,
        Map<Integer, Fd> descriptors,
        String workingDirectory,
        boolean ownSession,
        Life life) {
    /// What a child must not outlive.
    public enum Life {
        /// It goes on when daemon and holder end.
        ITS_OWN,
        /// The holder ends it when the daemon ends.
        DAEMON,
        /// The kernel ends it when the holder ends (PR_SET_PDEATHSIG).
        HOLDER
    }

    public SpawnRequest {
        argv = List.copyOf(argv);
        environment = List.copyOf(environment);
        descriptors = Map.copyOf(descriptors);
        if (key.isEmpty() || argv.isEmpty() || !argv.getFirst().startsWith("/")) {
            throw KelpException.invalid("cannot start " + argv + ": a key and an absolute program path are needed");
        }
    }

    /// A program that outlives the daemon, with nothing but standard streams from `descriptors`.
    public static SpawnRequest of(String key, List<String> argv, List<String> environment, Map<Integer, Fd> fds) {
        return new SpawnRequest(key, argv, environment, fds, "/", false, Life.ITS_OWN);
    }

    public SpawnRequest inOwnSession() {
        return new SpawnRequest(key, argv, environment, descriptors, workingDirectory, true, life);
    }

    public SpawnRequest dyingWithDaemon() {
        return new SpawnRequest(key, argv, environment, descriptors, workingDirectory, ownSession, Life.DAEMON);
    }

    public SpawnRequest dyingWithHolder() {
        return new SpawnRequest(key, argv, environment, descriptors, workingDirectory, ownSession, Life.HOLDER);
    }
}
