// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.UserEnvironment;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A user whose files lie below a folder and who has no programs.
final class TestUser implements UserEnvironment {
    final Map<String, String> variables = new HashMap<>();
    final List<String> read = new ArrayList<>();
    private final Path root;

    TestUser(Path root) {
        this.root = root;
        variables.put("HOME", "/home/u");
    }

    Path path(String path) {
        return root.resolve(path.substring(1));
    }

    @Override
    public synchronized Optional<byte[]> readFile(String path, int bytesMax) {
        read.add(path);
        try {
            return Files.exists(path(path)) ? Optional.of(Files.readAllBytes(path(path))) : Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void writeFile(String path, byte[] content, int mode) {
        try {
            Files.createDirectories(path(path).getParent());
            Files.write(path(path), content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Fd open(String path, int flags, int mode) {
        try {
            return Inodes.open(Fd.CWD, path(path).toString(), flags, mode);
        } catch (ErrnoException e) {
            throw e.toKelp("cannot open `" + path + "`");
        }
    }

    @Override
    public void makeDirectories(String path, int mode) {
        try {
            Files.createDirectories(path(path));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
        return "/home/u";
    }
}
