// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli;

import dev.kelp.engine.Containers.Attachment;
import dev.kelp.engine.Containers.ExecSession;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.model.KelpException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntConsumer;

/// A client in this process: its files are this process', its working directory is a folder of the test's.
public final class FakeClient implements ClientContext {
    public final Map<String, String> variables = new HashMap<>();
    public final ByteArrayOutputStream out = new ByteArrayOutputStream();
    public final ByteArrayOutputStream err = new ByteArrayOutputStream();
    public final List<AttachMode> attached = new ArrayList<>();
    public final CompletableFuture<AttachEnd> attachEnd = new CompletableFuture<>();
    public boolean terminal;
    public boolean ledHere;
    public String program = "kelp";
    public String stdin;
    public Optional<String> answer = Optional.empty();
    public IntConsumer signalHandler;
    private final Path directory;
    private final List<String> arguments;
    private final PrintStream outStream = new PrintStream(out, false, StandardCharsets.UTF_8);
    private final PrintStream errStream = new PrintStream(err, false, StandardCharsets.UTF_8);

    public FakeClient(Path directory, String... arguments) {
        this.directory = directory;
        this.arguments = List.of(arguments);
    }

    public String outText() {
        outStream.flush();
        return out.toString(StandardCharsets.UTF_8);
    }

    public String errText() {
        errStream.flush();
        return err.toString(StandardCharsets.UTF_8);
    }

    @Override
    public String programName() {
        return program;
    }

    @Override
    public boolean isLedHere() {
        return ledHere;
    }

    @Override
    public List<String> arguments() {
        return arguments;
    }

    @Override
    public PrintStream out() {
        return outStream;
    }

    @Override
    public PrintStream err() {
        return errStream;
    }

    @Override
    public Optional<InputStream> in() {
        return Optional.ofNullable(stdin).map(s -> new ByteArrayInputStream(s.getBytes(StandardCharsets.UTF_8)));
    }

    @Override
    public boolean inputIsTerminal() {
        return terminal;
    }

    @Override
    public boolean outputIsTerminal() {
        return terminal;
    }

    @Override
    public boolean errorIsTerminal() {
        return terminal;
    }

    @Override
    public int rows() {
        return 24;
    }

    @Override
    public int columns() {
        return 80;
    }

    @Override
    public int umask() {
        return 022;
    }

    @Override
    public Optional<String> prompt(String text, boolean echo) {
        errStream.print(text);
        return answer;
    }

    @Override
    public void onSignal(IntConsumer handler) {
        signalHandler = handler;
    }

    @Override
    public void attach(Attachment attachment, AttachMode mode) {
        attached.add(mode);
        attachment.close();
    }

    @Override
    public void attach(ExecSession session, AttachMode mode) {
        attached.add(mode);
    }

    @Override
    public CompletableFuture<AttachEnd> attachEnd() {
        return attachEnd;
    }

    @Override
    public Optional<byte[]> readFile(String path, int bytesMax) {
        try {
            Path p = directory.resolve(path);
            return Files.exists(p) ? Optional.of(Files.readAllBytes(p)) : Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void writeFile(String path, byte[] content, int mode) {
        throw new UnsupportedOperationException(path);
    }

    @Override
    public Fd open(String path, int flags, int mode) {
        try {
            return Inodes.open(Fd.CWD, directory.resolve(path).toString(), flags, mode);
        } catch (ErrnoException e) {
            throw e.toKelp("cannot open");
        }
    }

    @Override
    public void makeDirectories(String path, int mode) {
        try {
            Files.createDirectories(directory.resolve(path));
        } catch (IOException e) {
            throw KelpException.invalid(e.toString());
        }
    }

    @Override
    public void warn(String sentence) {
        errStream.print("kelp: warning: " + sentence + "\n");
    }

    @Override
    public HelperResult runHelper(List<String> command, byte[] stdin) {
        return new HelperResult(127, new byte[0]);
    }

    @Override
    public Map<String, String> variables() {
        return variables;
    }

    @Override
    public String workingDirectory() {
        return directory.toString();
    }
}
