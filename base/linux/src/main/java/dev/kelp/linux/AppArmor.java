// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// What the kernel's AppArmor answers to somebody without privileges (apparmor(7)). The list of profiles is root's
/// alone.
public final class AppArmor {
    private static final Path ENABLED = Path.of("/sys/module/apparmor/parameters/enabled");

    /// The second is older than the module's own folder (Linux 5.1), and another module's where that is the first
    /// one.
    private static final List<String> ATTRIBUTES = List.of("attr/apparmor/current", "attr/current");

    private AppArmor() {}

    /// Whether it is there and on.
    public static boolean isEnabled() {
        return read(ENABLED).startsWith("Y");
    }

    /// Whether a profile of that name is loaded: the kernel is asked whether this thread may change to it, which
    /// changes
    /// nothing (`permprofile`, aa_change_profile(2)).
    public static boolean hasProfile(String name) {
        return hasProfile(Path.of("/proc"), name);
    }

    /// The same, of a machine whose `/proc` is elsewhere, as that of a test is.
    public static boolean hasProfile(Path proc, String name) {
        // a thread writes its own attributes alone, so opening and writing must not be two carriers' work
        CompletableFuture<Boolean> answer = new CompletableFuture<>();
        Thread.ofPlatform().name("apparmor").start(() -> answer.complete(mayChangeTo(proc, name)));
        return answer.join();
    }

    private static boolean mayChangeTo(Path proc, String name) {
        ByteBuffer question = ByteBuffer.wrap(("permprofile " + name).getBytes(StandardCharsets.UTF_8));
        try (ByteChannel attribute =
                Files.newByteChannel(attribute(proc.resolve("thread-self")), StandardOpenOption.WRITE)) {
            return attribute.write(question) > 0;
        } catch (IOException e) {
            // ENOENT: no such profile; EINVAL: this is not AppArmor
            return false;
        }
    }

    /// What confines a process: a profile's name, or `unconfined`; empty when there is no AppArmor or no such
    /// process.
    public static Optional<String> confinementOf(long pid) {
        return isEnabled() ? label(read(attribute(Path.of("/proc/" + pid)))) : Optional.empty();
    }

    private static Path attribute(Path process) {
        return ATTRIBUTES.stream()
                .map(process::resolve)
                .filter(Files::exists)
                .findFirst()
                .orElse(process.resolve(ATTRIBUTES.getLast()));
    }

    /// `NAME (MODE)`, or a name alone. A profile that was stacked on `unconfined`, as some kernels do for users, is
    /// alone
    /// what confines.
    static Optional<String> label(String text) {
        String line = text.replace("\0", "").strip();
        int mode = line.endsWith(")") ? line.lastIndexOf(" (") : -1;
        String name = (mode < 0 ? line : line.substring(0, mode))
                .replaceFirst("^unconfined//&", "")
                .replaceFirst("//&unconfined$", "");
        return name.isEmpty() ? Optional.empty() : Optional.of(name);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }
}
