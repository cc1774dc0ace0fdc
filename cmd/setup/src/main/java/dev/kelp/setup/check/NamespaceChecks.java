// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.check;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Whether namespaces can be made, by making some, and what may be done in them.
final class NamespaceChecks {
    private static final String LIMIT = "/proc/sys/user/max_user_namespaces";
    private static final long FEW = 1024;
    private static final String ENOUGH = "28633";

    private static final String NO_FOLDER = "no folder to try it in: ";

    /// A machine that is emulated or overloaded takes half a minute.
    private static final Duration LAUNCH_MAX = Duration.ofMinutes(2);

    /// What mounting an overlayfs in new namespaces said; null until it was tried.
    private Programs.@Nullable Answer overlayTried;

    private boolean canBeMade = true;

    Finding userNamespaces(Machine machine) {
        Finding finding = tryUserNamespaces(machine);
        canBeMade = finding.state() != Finding.State.ERROR;
        return finding;
    }

    private Finding tryUserNamespaces(Machine machine) {
        String name = "user namespaces";
        if (!machine.exists("/proc/self/ns/user")) {
            return Finding.error(name, "the kernel has none (CONFIG_USER_NS)");
        }
        if (machine.isNumber("/proc/sys/kernel/unprivileged_userns_clone", 0)) {
            return Finding.error(
                    name,
                    "kernel.unprivileged_userns_clone is 0: only root makes them",
                    Remedy.sysctl("kernel.unprivileged_userns_clone", "1"));
        }
        if (machine.isNumber(LIMIT, 0)) {
            return Finding.error(
                    name, "user.max_user_namespaces is 0", Remedy.sysctl("user.max_user_namespaces", ENOUGH));
        }
        if (machine.asksForAnother()) {
            String later = "are tried when " + machine.user().name() + " runs this check";
            return SecurityModules.restrictsNamespaces(machine)
                    ? Finding.warning(
                            name,
                            "AppArmor keeps them from programs without a profile; they " + later,
                            SecurityModules.profile(machine))
                    : Finding.note(name, later);
        }
        Optional<Programs.Answer> failure =
                mountOverlay(machine).succeeded() ? Optional.empty() : attempt(machine, List.of("true"));
        if (failure.isPresent()) {
            String said = failure.get().lastLine();
            return SecurityModules.restrictsNamespaces(machine)
                    ? Finding.error(
                            name,
                            "AppArmor keeps them from programs without a profile"
                                    + " (kernel.apparmor_restrict_unprivileged_userns)",
                            SecurityModules.profile(machine))
                    : Finding.error(
                            name,
                            said.isEmpty() ? "one could not be made" : said,
                            Remedy.user("in a container: allow it unshare, mount and setns, or run it privileged"));
        }
        long limit = machine.number(LIMIT).orElse(Long.MAX_VALUE);
        return limit < FEW
                ? Finding.warning(
                        name,
                        "user.max_user_namespaces is only " + limit,
                        Remedy.sysctl("user.max_user_namespaces", ENOUGH))
                : Finding.ok(name, "one was made");
    }

    Finding overlay(Machine machine) {
        String name = "overlayfs";
        if (machine.asksForAnother()) {
            return Finding.note(name, "is tried when " + machine.user().name() + " runs this check");
        }
        if (!canBeMade) {
            return Finding.note(name, "is tried when user namespaces work");
        }
        Programs.Answer tried = mountOverlay(machine);
        if (tried.text().startsWith(NO_FOLDER)) {
            return Finding.warning(name, tried.text());
        }
        return tried.succeeded()
                ? Finding.ok(name, "can be mounted in a user namespace")
                : Finding.warning(
                        name,
                        "cannot be mounted in a user namespace, so images are copied for each container: "
                                + reason(tried),
                        overlayRemedy(machine));
    }

    /// What the command said, or else what the launcher says of its end.
    private static String reason(Programs.Answer answer) {
        return answer.text()
                .lines()
                .filter(line -> !line.isBlank() && !line.startsWith("[rootlesskit:"))
                .reduce((a, b) -> b)
                .orElseGet(answer::lastLine)
                .strip();
    }

    /// Is tried once for both checks: where it works, so do user namespaces.
    private Programs.Answer mountOverlay(Machine machine) {
        Programs.@Nullable Answer answer = overlayTried;
        if (answer == null) {
            try {
                answer = mountOverlayIn(Files.createTempDirectory(whereImagesLie(machine), ".kelp-check-"), machine);
            } catch (IOException e) {
                answer = new Programs.Answer(1, NO_FOLDER + e.getMessage());
            }
            overlayTried = answer;
        }
        return answer;
    }

    private static Programs.Answer mountOverlayIn(Path folder, Machine machine) throws IOException {
        try {
            for (String part : List.of("l", "u", "w", "m")) {
                Files.createDirectory(folder.resolve(part));
            }
            String options = "userxattr,lowerdir=%1$s/l,upperdir=%1$s/u,workdir=%1$s/w".formatted(folder);
            return attempt(machine, List.of("mount", "-t", "overlay", "-o", options, "overlay", folder + "/m"))
                    .orElse(new Programs.Answer(0, ""));
        } finally {
            delete(folder);
        }
    }

    /// The kernel loads the module by itself, unless it is told not to or has none.
    private static Remedy overlayRemedy(Machine machine) {
        return machine.words("/proc/filesystems").contains("overlay")
                ? Remedy.packages("fuse-overlayfs")
                : Remedy.root("modprobe overlay", "echo overlay > /etc/modules-load.d/overlay.conf");
    }

    /// A file system that overlayfs refuses is another one than /tmp's.
    private static Path whereImagesLie(Machine machine) {
        return StorageCheck.folder(machine)
                .map(data -> machine.path(StorageCheck.existing(machine, data).toString()))
                .filter(Files::isWritable)
                // mount(2) would take these for more options
                .filter(folder -> folder.toString().chars().noneMatch(c -> c == ',' || c == ':' || c == '\\'))
                .orElse(Path.of("/tmp"));
    }

    /// Runs a command in new namespaces.
    ///
    /// @return what was said when that failed
    private static Optional<Programs.Answer> attempt(Machine machine, List<String> command) {
        List<String> words = Stream.concat(machine.kelp("rootlesskit").stream(), command.stream())
                .toList();
        Programs.Answer answer = machine.programs().run(words, LAUNCH_MAX);
        return answer.succeeded() ? Optional.empty() : Optional.of(answer);
    }

    private static void delete(Path folder) {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                if (!Files.isSymbolicLink(path)) {
                    // overlayfs leaves its work folder without any permission
                    path.toFile().setExecutable(true);
                }
                Files.deleteIfExists(path);
            }
        } catch (IOException | java.io.UncheckedIOException e) {
            // a folder of a few bytes stays in the temporary folder
            return;
        }
    }
}
