// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup;

import dev.kelp.setup.check.Finding;
import dev.kelp.setup.check.Machine;
import dev.kelp.setup.check.Survey;
import dev.kelp.setup.service.EngineUnits;
import dev.kelp.setup.service.InitFiles;
import dev.kelp.setup.service.Unit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/// Makes the engine a service of the user's, and undoes that.
///
/// @param program what the user types to call this tool
record Installation(Console console, EngineUnits units, String program) {
    private boolean isCompatible() {
        return units.stem().equals(EngineUnits.CONTAINERD);
    }

    private Machine machine() {
        return units.machine();
    }

    UserUnits systemd() {
        return new UserUnits(console, machine(), program);
    }

    /// @param force whether to go on when the check says that no container can run
    /// @param onDemand whether the first command starts the engine, instead of the beginning of the session or,
    /// with
    /// lingering, the start of the machine
    /// @return the exit code
    int install(boolean force, boolean onDemand) throws IOException {
        if (refusesRoot("install") || !passesCheck(force)) {
            return SetupTool.FAILED;
        }
        if (!machine().hasSystemd()) {
            withoutSystemd();
            return 0;
        }
        UserUnits systemd = systemd();
        if (!answers(systemd) || isTaken(systemd)) {
            return SetupTool.FAILED;
        }
        systemd.write(units.service());
        boolean runs = onDemand ? listen(systemd) : systemd.start(units.serviceName());
        if (!runs) {
            return SetupTool.FAILED;
        }
        systemd.praise(units.serviceName());
        console.info("To run " + units.serviceName() + " on system startup, run: `sudo loginctl enable-linger "
                + machine().user().name() + "`");
        if (isCompatible()) {
            console.info("Use `nerdctl` to connect to the rootless containerd.");
            console.info("You do NOT need to specify $CONTAINERD_ADDRESS explicitly.");
        } else {
            console.info("`kelp` finds it by itself. No restart of it stops a container.");
        }
        return 0;
    }

    /// As root there is no systemd of the user's, and nothing that a service would have to keep apart.
    boolean refusesRoot(String what) {
        if (!machine().user().isRoot()) {
            return false;
        }
        console.error(
                isCompatible()
                        ? "Refusing to " + what + " rootless containerd as the root user"
                        : "Refusing to " + what + " " + units.serviceName()
                                + " as the root user: it is a unit of a user's own systemd");
        console.info("What root can do:");
        console.print(
                "  machinectl shell USER@ " + units.program().kelp() + " setup " + what + "     the same for a user");
        console.print("  loginctl enable-linger USER     have a user's services start at boot and outlive sessions");
        console.print("  kelp setup check --fix --user USER     do what this machine lacks for a user's containers");
        console.print("  kelp run …     containers of root's own, which need no unit");
        return true;
    }

    private boolean passesCheck(boolean force) {
        Survey survey = Survey.of(machine());
        CheckCommand.announce(console, program, machine(), survey);
        if (survey.ready()) {
            return true;
        }
        survey.checks().stream()
                .filter(f -> f.state() == Finding.State.ERROR)
                .forEach(f -> console.error(f.name() + ": " + f.reason()));
        if (force) {
            return true;
        }
        console.error("`kelp setup check` says what to type; with --force it is installed all the same");
        return false;
    }

    private void withoutSystemd() {
        console.info("systemd does not run here. The first command starts the engine; to have it in the foreground,"
                + " run:");
        console.print("  " + units.program().kelp() + " system start --foreground");
        console.info("For another init (" + InitFiles.names() + "), `" + program
                + " install --init NAME` prints what root puts in place.");
    }

    private boolean answers(UserUnits systemd) {
        if (systemd.answers()) {
            return true;
        }
        console.error("Your own systemd does not answer (systemctl --user)");
        Survey survey = Survey.of(machine());
        for (String name : List.of("runtime directory", "systemd", "lingering")) {
            Finding f = survey.named(name);
            if (f.isTrouble()) {
                CheckCommand.row(console, f);
            }
        }
        console.info("Until then the engine runs without a service, with the first command or in the foreground:");
        console.print("  " + units.program().kelp() + " system start --foreground");
        return false;
    }

    /// Two services would keep one and the same engine; and containerd's own unit is not for Kelp to replace.
    private boolean isTaken(UserUnits systemd) throws IOException {
        String other = units.otherServiceName();
        if (systemd.isForeign(units.serviceName())) {
            console.error(systemd.fileName(units.serviceName())
                    + " was made by another program: uninstall it with the tool that installed it");
            return true;
        }
        if (systemd.isInstalled(other) && !systemd.isForeign(other)) {
            console.error("Kelp is installed as " + other + " already: run `"
                    + (isCompatible() ? "kelp setup" : "containerd-rootless-setuptool.sh") + " uninstall` first");
            return true;
        }
        return false;
    }

    /// The engine gives its socket up to systemd, which holds it from then on. Containers go on meanwhile.
    private boolean listen(UserUnits systemd) throws IOException {
        Unit socket = units.socket();
        systemd.write(socket);
        if (!systemd.isActive(socket.name())) {
            if (systemd.isActive(units.serviceName())) {
                systemd.show("stop", units.serviceName());
            }
            machine().programs().run(List.of(units.program().kelp().toString(), "system", "stop"));
        }
        systemd.show("disable", units.serviceName());
        return systemd.start(socket.name());
    }

    /// Takes the engine's units away, and those of what runs beside it.
    int uninstall(List<String> addons) throws IOException {
        if (refusesRoot("uninstall")) {
            return SetupTool.FAILED;
        }
        if (!machine().hasSystemd()) {
            console.info("systemd does not run here: there are no units. To stop the engine: `kelp system stop`");
            return 0;
        }
        UserUnits systemd = systemd();
        for (String unit : addons) {
            systemd.remove(unit);
        }
        systemd.remove(units.socketName());
        systemd.remove(units.serviceName());
        console.info("Containers that run go on: `kelp ps` lists them, and starts the engine without a service.");
        console.info("Images, containers and volumes stay. To remove data, run: `"
                + removal(units.folders().kelpData(machine())) + "`");
        return 0;
    }

    /// A line that removes a folder in which files belong to subordinate ids.
    String removal(String folder) {
        return units.program().kelp() + " rootlesskit rm -rf " + folder;
    }

    /// Prints the files of another init, or writes them below a folder.
    int initFiles(InitFiles init, String folder) throws IOException {
        List<InitFiles.File> files = init.files(machine(), units.program());
        for (InitFiles.File file : files) {
            if (folder.isEmpty()) {
                console.print("# ---- " + file.path() + (file.executable() ? " (mode 755)" : ""));
                console.print(file.text());
                continue;
            }
            Path target = Path.of(folder, file.path()).normalize();
            Files.createDirectories(target.resolveSibling(""));
            Path fresh = target.resolveSibling("." + target.getFileName() + ".new");
            Files.writeString(fresh, file.text());
            Files.setPosixFilePermissions(
                    fresh, PosixFilePermissions.fromString(file.executable() ? "rwxr-xr-x" : "rw-r--r--"));
            Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
            console.info("Creating " + target);
        }
        String then = "To have it started, as root: " + init.enabling(machine());
        if (folder.isEmpty()) {
            console.print("# " + then);
        } else {
            console.info(then);
        }
        return 0;
    }
}
