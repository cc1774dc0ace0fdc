// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.linux.FileNames;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Finds the programs of the distribution that containers need. The search path is fixed: the user's PATH is the
/// client's business.
public final class Programs {
    private static final List<Path> FOLDERS = List.of(
            Path.of("/usr/local/sbin"),
            Path.of("/usr/local/bin"),
            Path.of("/usr/sbin"),
            Path.of("/usr/bin"),
            Path.of("/sbin"),
            Path.of("/bin"));
    private static final List<Path> CONMON_ELSEWHERE =
            List.of(Path.of("/usr/libexec/podman/conmon"), Path.of("/usr/lib/podman/conmon"));
    private static final List<String> INITS = List.of("catatonit", "docker-init", "tini-static", "tini");
    private static final List<Path> INITS_ELSEWHERE = List.of(
            Path.of("/usr/libexec/podman/catatonit"),
            Path.of("/usr/lib/podman/catatonit"),
            Path.of("/usr/libexec/docker/docker-init"));
    private static final int ELF_HEADER_BYTES = 64;
    private static final int PROGRAM_HEADERS_MAX = 64;
    private static final int PT_INTERP = 3;

    private Programs() {}

    /// The OCI runtime: by name (`crun`, `runc`, any other program on the search path), by absolute path, or
    /// without a
    /// name crun, else runc.
    ///
    /// @throws KelpException NOT_FOUND with advice
    public static Path ociRuntime(Optional<String> nameOrPath) {
        if (nameOrPath.isPresent()) {
            String name = nameOrPath.get();
            return find(name).orElseThrow(() -> missing("OCI runtime `" + name + "`", "crun"));
        }
        return find("crun").or(() -> find("runc")).orElseThrow(() -> missing("OCI runtime (crun or runc)", "crun"));
    }

    /// conmon, at least 2.1.
    public static Path conmon() {
        return find("conmon")
                .or(() -> CONMON_ELSEWHERE.stream().filter(Files::isExecutable).findFirst())
                .orElseThrow(() -> missing("conmon, the container monitor,", "conmon"));
    }

    /// A small init that needs no shared libraries, so that it runs in any root file system.
    public static Optional<Path> init() {
        return INITS.stream()
                .flatMap(name -> find(name).stream())
                .filter(Programs::isStatic)
                .findFirst()
                .or(() -> INITS_ELSEWHERE.stream()
                        .filter(Files::isExecutable)
                        .filter(Programs::isStatic)
                        .findFirst());
    }

    /// setsid(1), which gives a program a controlling terminal.
    static Path setsid() {
        return find("setsid").orElseThrow(() -> missing("setsid", "util-linux"));
    }

    /// A program of this machine, by its absolute path or by its name in the usual folders.
    public static Optional<Path> find(String nameOrPath) {
        if (!FileNames.isUtf8(nameOrPath)) {
            // Java has no path of such bytes
            return Optional.empty();
        }
        if (nameOrPath.startsWith("/")) {
            return Optional.of(Path.of(nameOrPath)).filter(Files::isExecutable);
        }
        if (nameOrPath.isEmpty() || nameOrPath.contains("/")) {
            return Optional.empty();
        }
        return FOLDERS.stream()
                .map(f -> f.resolve(nameOrPath))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /// Whether an ELF file (64-bit, little-endian) names no interpreter.
    static boolean isStatic(Path file) {
        try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "r")) {
            ByteBuffer header = read(in, 0, ELF_HEADER_BYTES);
            if (header.getInt(0) != 0x464c457f || header.get(4) != 2 || header.get(5) != 1) {
                return false;
            }
            long offset = header.getLong(32);
            int size = Short.toUnsignedInt(header.getShort(54));
            int count = Short.toUnsignedInt(header.getShort(56));
            for (int i = 0; i < Math.min(count, PROGRAM_HEADERS_MAX); i++) {
                if (read(in, offset + (long) i * size, 4).getInt(0) == PT_INTERP) {
                    return false;
                }
            }
            return true;
        } catch (IOException | RuntimeException e) {
            return false;
        }
    }

    private static ByteBuffer read(RandomAccessFile in, long at, int length) throws IOException {
        byte[] bytes = new byte[length];
        in.seek(at);
        in.readFully(bytes);
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static KelpException missing(String what, String packageName) {
        return new KelpException(ErrorKind.NOT_FOUND, what + " is not installed")
                .withHint("apt-get install " + packageName);
    }
}
