// SPDX-License-Identifier: Apache-2.0
/// Tasks: the running side of containers.
///
/// A task is a monitor (conmon), which started an OCI runtime (crun or runc), which made the container's first process.
/// The daemon is none of their parents: the holder starts the monitor, and all of them outlive the daemon. [Tasks]
/// makes
/// a task and finds those an earlier daemon made; [ContainerTask] is one of them.
///
/// The life of a task:
/// 1. [Tasks#prepare] starts conmon, which waits on its start pipe while the root file system is mounted and
///    `config.json` is written (package [dev.kelp.runtime.spec]).
/// 2. `create` writes the byte; conmon runs the OCI runtime's `create` and tells the first process' pid, or the
/// runtime's
///    error, over its sync pipe.
/// 3. Clients attach: conmon listens in the bundle on a SOCK_SEQPACKET `attach`; `ctl` is the FIFO for the window size.
/// 4. `start` lets the first process execute the command.
/// 5. conmon writes the exit code to `RUN/exits/ID` and ends; its pidfd tells (pidfd_open(2), Linux 5.3).
/// 6. `delete` removes the runtime's state, the bundle and the exit.
///
/// Everything a restarted daemon must know lies in `RUN/containers/ID` and `RUN/exits/ID`, written whole or not at all.
/// A
/// monitor without a container's pid is one whose creation was cut short: it is ended and its remains are removed. A
/// container without a monitor is killed and has exit code 137: nobody would read its output or learn its exit.
///
/// `exec` needs no monitor: the OCI runtime is started by the holder, which keeps its exit status for the next daemon;
/// the daemon's ends of the pipes or the pty's master go to the client.
///
/// conmon's log (the Kubernetes format) is read by [ContainerLog]. [LogRotation] begins it anew when it is full and
/// keeps
/// older parts, which are read as one.
///
/// Threads: one platform thread waits for all descriptors; what may block in the kernel runs on platform threads, so
/// every
/// method may be called from virtual ones.
@NullMarked
package dev.kelp.runtime;

import org.jspecify.annotations.NullMarked;
