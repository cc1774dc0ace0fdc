// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.model.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Seccomp filters as the kernel takes them, each compiled once by crun.
///
/// Compiling a default profile for three system call tables costs libseccomp more than all the rest of a container's
/// start. crun leaves the result in its state folder as `seccomp.bpf`, and takes it back from the annotation
/// `run.oci.seccomp_bpf_data` (crun(1), since 0.18). The profile stays in the configuration: a runtime that does not
/// know the
/// annotation compiles it. A filter is kept for one profile, one crun (path, size, time) and one kernel; wrong by a bit
/// it
/// would be a hole, so it is only ever read from folders of this user's own.
public final class CompiledSeccomp {
    /// The kernel's BPF_MAXINSNS instructions of 8 bytes.
    private static final int FILTER_BYTES_MAX = 4096 * 8;

    /// Filters in memory; beyond it they are forgotten together.
    private static final int FILTERS_MAX = 64;

    private static final System.Logger LOG = System.getLogger(CompiledSeccomp.class.getName());
    private static final String KERNEL = System.getProperty("os.version", "");

    private final Path folder;
    private final @Nullable String runtimeMark;
    /// By profile: the default profiles' texts are the same objects each time, so that finding one costs nothing.
    private final Map<String, String> known = new ConcurrentHashMap<>();

    /// @param folder where filters are kept, made when it is missing
    /// @param program the OCI runtime; any other than crun compiles by itself
    CompiledSeccomp(Path folder, Path program) {
        this.folder = folder;
        this.runtimeMark = mark(program);
    }

    private static @Nullable String mark(Path program) {
        if (!program.getFileName().toString().startsWith("crun")) {
            return null;
        }
        try {
            Path real = program.toRealPath();
            return real + " " + Files.size(real) + " "
                    + Files.getLastModifiedTime(real).toMillis();
        } catch (IOException e) {
            return null;
        }
    }

    /// The filter in base64, if this profile was compiled before.
    public Optional<String> of(String profileJson) {
        if (runtimeMark == null) {
            return Optional.empty();
        }
        String inMemory = known.get(profileJson);
        if (inMemory != null) {
            return Optional.of(inMemory);
        }
        Optional<String> read = read(folder.resolve(key(profileJson)));
        read.ifPresent(text -> remember(profileJson, text));
        return read;
    }

    private String key(String profileJson) {
        return Digest.ofSha256((KERNEL + "\n" + runtimeMark + "\n" + profileJson).getBytes(StandardCharsets.UTF_8))
                .hex();
    }

    private void remember(String profileJson, String text) {
        if (known.size() >= FILTERS_MAX) {
            known.clear();
        }
        known.put(profileJson, text);
    }

    private static Optional<String> read(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] filter = in.readNBytes(FILTER_BYTES_MAX + 1);
            boolean sound = filter.length > 0 && filter.length <= FILTER_BYTES_MAX && filter.length % 8 == 0;
            return sound ? Optional.of(Base64.getEncoder().encodeToString(filter)) : Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "read " + file, e);
            return Optional.empty();
        }
    }

    /// Keeps what crun made of a profile. Failing costs time at the next start, nothing else.
    void learn(String profileJson, Path compiled) {
        if (runtimeMark == null || known.containsKey(profileJson)) {
            return;
        }
        String key = key(profileJson);
        read(compiled).ifPresent(text -> {
            remember(profileJson, text);
            try {
                Files.createDirectories(folder);
                Path temporary = Files.createTempFile(folder, key, ".new");
                Files.write(temporary, Base64.getDecoder().decode(text));
                Files.move(temporary, folder.resolve(key), StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                LOG.log(Level.DEBUG, "keep a compiled seccomp filter in " + folder, e);
            }
        });
    }
}
