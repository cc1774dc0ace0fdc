// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli;

import dev.kelp.engine.Containers.Attachment;
import dev.kelp.engine.Containers.ExecSession;
import dev.kelp.engine.UserEnvironment;
import java.io.InputStream;
import java.io.PrintStream;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntConsumer;

/// The terminal and files of whoever typed a command. Commands run in the daemon; nothing of System.in, System.out,
/// the daemon's environment or working directory is theirs.
public interface ClientContext extends UserEnvironment {
    /// The base name it was called by: `kelp`, `nerdctl`, …
    String programName();

    /// The words after the program's name.
    List<String> arguments();

    /// Buffered until flushed; the server flushes at the end. A closed pipe ends the command with exit code 141.
    PrintStream out();

    PrintStream err();

    /// Standard input: empty when it is closed or a terminal.
    Optional<InputStream> in();

    boolean inputIsTerminal();

    boolean outputIsTerminal();

    boolean errorIsTerminal();

    int rows();

    int columns();

    /// The client's umask.
    int umask();

    /// Asks at the user's terminal; empty where there is none.
    Optional<String> prompt(String text, boolean echo);

    /// Calls `handler` (on another thread) with each signal number the user sends; without a handler SIGINT,
    /// SIGTERM
    /// and SIGHUP interrupt the command's thread.
    void onSignal(IntConsumer handler);

    /// Hands the streams of a container to the client, which from now on copies them itself.
    void attach(Attachment attachment, AttachMode mode);

    /// Hands the streams of an `exec` session to the client.
    void attach(ExecSession session, AttachMode mode);

    /// Completes when the attached stream has ended, the user typed the detach keys, or the client went away.
    CompletableFuture<AttachEnd> attachEnd();

    /// @param stdin copy standard input into the stream
    /// @param output what is printed of what comes out of it
    /// @param signals pass signals on as [#onSignal] calls
    /// @param detachKeys as typed for `--detach-keys` (`ctrl-p,ctrl-q`); empty: no detaching
    /// @param token names the session when the client has to come back after a restart of the daemon
    record AttachMode(boolean stdin, Output output, boolean signals, String detachKeys, String token) {
        public AttachMode(boolean stdin, boolean output, boolean signals, String detachKeys, String token) {
            this(stdin, output ? Output.BOTH : Output.NONE, signals, detachKeys, token);
        }
    }

    /// Which of a container's streams are printed; with a terminal there is only one.
    enum Output {
        NONE,
        STDOUT,
        STDERR,
        BOTH
    }

    enum AttachEnd {
        STREAM_ENDED,
        DETACHED,
        CLIENT_GONE
    }

    /// Whether an address that the user named led the client to this engine.
    boolean isLedHere();

    /// Ends the command here, and the client says the same to the engine whose socket, or a link to it, is at the
    /// address. Commands let it pass.
    final class ElsewhereException extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final String address;

        /// @param address absolute
        public ElsewhereException(String address) {
            super("the engine at " + address + " is asked", null, false, false);
            this.address = address;
        }

        public String address() {
            return address;
        }
    }

    /// Thrown by [#out] and [#err] when the reader of the pipe is gone; ends the command with exit code 141, as the
    /// signal SIGPIPE would. Commands let it pass.
    final class OutputClosedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        public OutputClosedException() {
            super("the reader of the output is gone", null, false, false);
        }
    }
}
