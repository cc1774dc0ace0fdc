// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup;

import dev.kelp.setup.check.Machine;
import dev.kelp.setup.check.Programs;
import dev.kelp.setup.service.Unit;
import dev.kelp.setup.service.UserFolders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// The units of the user's systemd: writes their files, and has systemctl(1) do the rest, with each command shown as a
/// shell with `set -x` shows it.
///
/// @param program what the user types to call this tool
record UserUnits(Console console, Machine machine, String program) {
    /// A start waits for an engine that may have much to take up, on a slow machine.
    private static final Duration START_MAX = Duration.ofMinutes(10);

    private UserFolders folders() {
        return UserFolders.of(machine);
    }

    /// As the user knows it.
    String fileName(String unit) {
        return folders().unit(unit);
    }

    private Path file(String unit) {
        return machine.path(folders().unit(unit));
    }

    /// Whether the user's systemd answers.
    boolean answers() {
        return ask("show-environment").succeeded();
    }

    boolean isInstalled(String unit) {
        return Files.isRegularFile(file(unit));
    }

    /// Whether its file was made by somebody else.
    boolean isForeign(String unit) throws IOException {
        return isInstalled(unit) && !Unit.isOurs(Files.readString(file(unit)));
    }

    boolean isActive(String unit) {
        return ask("is-active", "--quiet", unit).succeeded();
    }

    /// Writes the file, unless there is one already.
    void write(Unit unit) throws IOException {
        if (isInstalled(unit.name())) {
            console.warning("File already exists, skipping: " + folders().unit(unit.name()));
            return;
        }
        console.info("Creating " + folders().unit(unit.name()));
        Path file = file(unit.name());
        Files.createDirectories(file.resolveSibling(""));
        Path fresh = file.resolveSibling(unit.name() + ".new");
        Files.writeString(fresh, unit.text());
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        ask("daemon-reload");
    }

    /// Has it run now and from now on, also when its file was there before.
    ///
    /// @return whether it runs
    boolean start(String unit) {
        if (!isActive(unit)) {
            console.info("Starting systemd unit " + unit);
            if (!show("start", unit)) {
                failed(unit);
                return false;
            }
        }
        if (!show("--no-pager", "--full", "status", unit)) {
            failed(unit);
            return false;
        }
        return show("enable", unit);
    }

    /// What is said of a unit that was installed.
    void praise(String unit) {
        console.info("Installed " + unit + " successfully.");
        console.info("To control " + unit + ", run: `systemctl --user (start|stop|restart) " + unit + "`");
    }

    private void failed(String unit) {
        console.error("Failed to start " + unit + ". Run `journalctl -n 20 --no-pager --user --unit " + unit
                + "` to see why, and `" + program + " check` for what the machine lacks.");
    }

    /// Stops it and takes its file away; one that somebody else made stays.
    void remove(String unit) throws IOException {
        if (!isInstalled(unit)) {
            console.info("Unit " + unit + " is not installed");
            return;
        }
        if (isForeign(unit)) {
            console.warning("Not made by Kelp, left alone: " + folders().unit(unit));
            return;
        }
        show("stop", unit);
        show("disable", unit);
        Files.delete(file(unit));
        ask("daemon-reload");
        ask("reset-failed", unit);
        console.info("Uninstalled " + unit);
    }

    boolean show(String... words) {
        console.trace("systemctl --user " + String.join(" ", words));
        Programs.Answer answer = ask(words);
        answer.text().lines().forEach(console::print);
        return answer.succeeded();
    }

    private Programs.Answer ask(String... words) {
        List<String> all = new ArrayList<>(List.of("systemctl", "--user"));
        all.addAll(List.of(words));
        return machine.programs().run(all, START_MAX);
    }
}
