// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.check;

import dev.kelp.linux.AppArmor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Stream;

/// The machine as it is seen from outside all namespaces.
///
/// @param root where its files are; `/`, but in tests
/// @param variables the caller's environment
/// @param user for whom containers are to run; not the caller when root asks for somebody else
/// @param asksForAnother whether the caller is root and the user is not: then the environment says nothing of the user
public record Machine(Path root, Map<String, String> variables, User user, boolean asksForAnother, Programs programs) {
    private static final int FILE_BYTES_MAX = 1 << 20;
    private static final List<String> FOLDERS =
            List.of("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin");

    public Machine {
        variables = Map.copyOf(variables);
    }

    /// The machine itself, as its caller sees it.
    ///
    /// @param wanted name or number of the user root asks for; empty for the caller
    /// @return nothing when there is no such user
    public static Optional<Machine> here(Map<String, String> variables, String wanted, Programs programs) {
        Machine anybody = new Machine(Path.of("/"), variables, new User("", 0, ""), false, programs);
        long uid = anybody.ownUid();
        String passwd = anybody.text("/etc/passwd").orElse("");
        Optional<User> known = User.in(passwd, wanted.isEmpty() ? Long.toString(uid) : wanted);
        String home = variables.getOrDefault("HOME", "");
        Optional<User> user = wanted.isEmpty()
                ? Optional.of(new User(
                        known.map(User::name).orElse(variables.getOrDefault("USER", Long.toString(uid))),
                        uid,
                        home.isEmpty() ? known.map(User::home).orElse("") : home))
                : known;
        return user.map(u -> new Machine(Path.of("/"), variables, u, u.uid() != uid, programs));
    }

    private long ownUid() {
        return text("/proc/self/status").stream()
                .flatMap(String::lines)
                .filter(line -> line.startsWith("Uid:"))
                .map(line -> line.split("\\s+")[2])
                .mapToLong(Long::parseLong)
                .findFirst()
                .orElse(0);
    }

    /// Empty also when it is set to nothing, or when the caller is not the user.
    public Optional<String> variable(String name) {
        return asksForAnother
                ? Optional.empty()
                : Optional.ofNullable(variables.get(name)).filter(v -> !v.isEmpty());
    }

    /// Where a file of the machine is, given its absolute name there.
    public Path path(String absolute) {
        return root.resolve(absolute.substring(1));
    }

    boolean exists(String file) {
        return Files.exists(path(file));
    }

    boolean isFolder(String file) {
        return Files.isDirectory(path(file));
    }

    /// Whether the caller may read and write it.
    boolean isOpen(String file) {
        return Files.isReadable(path(file)) && Files.isWritable(path(file));
    }

    public boolean isWritable(String file) {
        return Files.isWritable(path(file));
    }

    /// The first MiB of a file; empty when it cannot be read.
    Optional<String> text(String file) {
        try (InputStream in = Files.newInputStream(path(file))) {
            return Optional.of(new String(in.readNBytes(FILE_BYTES_MAX), StandardCharsets.UTF_8));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /// A file of one number, as settings of the kernel are.
    OptionalLong number(String file) {
        String text = text(file).orElse("").strip();
        return text.matches("-?\\d{1,18}") ? OptionalLong.of(Long.parseLong(text)) : OptionalLong.empty();
    }

    boolean isNumber(String file, long value) {
        OptionalLong number = number(file);
        return number.isPresent() && number.getAsLong() == value;
    }

    /// Words of a file, such as the names of controllers.
    Set<String> words(String file) {
        String text = text(file).orElse("").strip();
        return text.isEmpty()
                ? Set.of()
                : Set.copyOf(Stream.of(text.split("\\s+")).distinct().toList());
    }

    long owner(String file) {
        try {
            return ((Number) Files.getAttribute(path(file), "unix:uid")).longValue();
        } catch (IOException | UnsupportedOperationException e) {
            return -1;
        }
    }

    Set<PosixFilePermission> mode(String file) {
        try {
            return Files.getPosixFilePermissions(path(file));
        } catch (IOException | UnsupportedOperationException e) {
            return Set.of();
        }
    }

    /// Where a program is that the user's own search path, or that of a service, leads to.
    public Optional<String> program(String name) {
        Stream<String> own = variable("PATH").stream().flatMap(p -> Stream.of(p.split(":")));
        return Stream.concat(own, FOLDERS.stream())
                .filter(folder -> folder.startsWith("/"))
                .map(folder -> folder + "/" + name)
                .filter(file -> Files.isRegularFile(path(file)) && Files.isExecutable(path(file)))
                .findFirst();
    }

    /// The installed Kelp's own programs.
    public Optional<String> kelp(String name) {
        return installed(variables, name);
    }

    /// The same of a caller with these variables.
    public static Optional<String> installed(Map<String, String> variables, String name) {
        return Optional.ofNullable(variables.get("KELP_ROOT")).map(tree -> tree + "/bin/" + name);
    }

    /// What it says is its version, in one line.
    String version(String program) {
        return programs.run(List.of(program, "--version")).line();
    }

    /// Whether AppArmor has loaded a profile of that name.
    boolean hasProfile(String name) {
        return AppArmor.hasProfile(path("/proc"), name);
    }

    /// Bytes that the caller may still write there; nothing when that cannot be said.
    OptionalLong freeBytes(Path folder) {
        try {
            FileStore store = Files.getFileStore(folder);
            return OptionalLong.of(store.getUsableSpace());
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    /// Whether systemd is the init (sd_booted(3)).
    public boolean hasSystemd() {
        return isFolder("/run/systemd/system");
    }
}
