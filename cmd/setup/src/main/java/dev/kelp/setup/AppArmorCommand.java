// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup;

import dev.kelp.model.container.AppArmorProfile;
import dev.kelp.setup.check.Machine;
import dev.kelp.setup.check.ProgramProfile;
import dev.kelp.setup.check.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

@Command(
        name = "apparmor",
        description = "Give Kelp user namespaces where AppArmor keeps them from programs, and confine containers.",
        customSynopsis = {"@|bold kelp setup apparmor|@ [--path PROGRAM] [--print | --remove]"},
        footerHeading = "%n",
        footer = {
            "  As an ordinary user it prints the profile for this very program. As root it installs it and the",
            "  profile kelp-default, which confines containers, in /etc/apparmor.d, and loads both. It may be run",
            "  again: what somebody has made of kelp-default is loaded, and left as it is; changes of the program's",
            "  profile belong below /etc/apparmor.d/local.",
            "",
            "EXAMPLES",
            "  kelp setup apparmor",
            "  sudo kelp setup apparmor",
            "  sudo kelp setup apparmor --path '/home/alice/.local/share/kelp/runtime/*/bin/kelp'",
            "  sudo kelp setup apparmor --remove",
            "",
            "SEE ALSO",
            "  apparmor.d(5), apparmor_parser(8), aa-status(8)"
        })
final class AppArmorCommand implements Callable<Integer> {
    private static final String ENABLED = "/sys/module/apparmor/parameters/enabled";

    @ParentCommand
    private @Nullable SetupTool parent;

    @Option(
            names = "--path",
            paramLabel = "PROGRAM",
            description = "Another kelp than this one: its path without symbolic links; it may have * in it.")
    private String path = "";

    @Option(names = "--print", description = "Print the profile as root, too.")
    private boolean print;

    @Option(names = "--remove", description = "As root: take both profiles out of the kernel and off the disk.")
    private boolean remove;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli looks at it
    private boolean help;

    @Override
    public Integer call() throws IOException {
        SetupTool tool = Objects.requireNonNull(parent);
        Console console = tool.console();
        if (!path.isEmpty() && !path.startsWith("/")) {
            console.error("--path must be absolute, since AppArmor knows programs by their paths: " + path);
            return SetupTool.FAILED;
        }
        ProgramProfile profile = profile(tool);
        if (print || !tool.isRoot()) {
            if (remove) {
                console.error("Only root removes profiles");
                return SetupTool.FAILED;
            }
            console.out().print(profile.text());
            console.out().flush();
            if (!tool.isRoot()) {
                console.say("[INFO]", "As root: kelp setup apparmor --path '" + profile.program() + "'");
            }
            return 0;
        }
        Installation installation = new Installation(console, tool.programs(), Path.of("/"));
        return remove ? installation.remove(profile) : installation.install(profile);
    }

    private ProgramProfile profile(SetupTool tool) {
        return path.isEmpty()
                ? ProgramProfile.of(Machine.installed(tool.variables(), "kelp").orElse(ProgramProfile.PACKAGED))
                : new ProgramProfile(path);
    }

    /// What root does. All of it may be done already, in part or in whole.
    ///
    /// @param root the machine's files; `/`, but in tests
    record Installation(Console console, Programs programs, Path root) {
        int install(ProgramProfile profile) throws IOException {
            if (!isOn()) {
                console.info("AppArmor is off on this machine: nothing to do");
                return 0;
            }
            if (programs.run(List.of("apparmor_parser", "--version")).code() == Programs.NOT_RUN) {
                console.error("apparmor_parser is not there: apt-get install apparmor");
                return SetupTool.FAILED;
            }
            boolean done = true;
            if (Files.exists(at(ProgramProfile.ABI))) {
                done = install(profile.fileName(), profile.text());
            } else {
                console.info("AppArmor before 4.0 restricts no user namespaces: Kelp needs no profile for them");
            }
            return install(AppArmorProfile.DEFAULT, AppArmorProfile.TEXT) && done ? 0 : SetupTool.FAILED;
        }

        private boolean install(String name, String text) throws IOException {
            Path file = at(ProgramProfile.FOLDER + "/" + name);
            String old = Files.exists(file) ? Files.readString(file) : "";
            boolean same = old.equals(text);
            boolean foreign = !same && !old.isEmpty() && !ProgramProfile.isGenerated(old);
            if (!same && !foreign) {
                Files.createDirectories(Objects.requireNonNull(file.getParent()));
                // what reads the folder meanwhile must not see half of it; names with a dot in front are skipped
                Path unfinished = file.resolveSibling("." + name + ".new");
                Files.writeString(unfinished, text);
                Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
            }
            Programs.Answer answer = programs.run(List.of("apparmor_parser", "-r", "-W", file.toString()));
            if (!answer.succeeded()) {
                console.error("Loading " + file + " failed: " + answer.lastLine());
                return false;
            }
            if (foreign) {
                // parsers skip names that end so
                console.warning("Loaded as it is, since it is not as Kelp makes it: " + file + "; for Kelp's: mv "
                        + file + " " + file + ".orig, and this command again");
            } else {
                console.info((same ? "Unchanged and loaded: " : "Installed and loaded: ") + file);
            }
            return true;
        }

        int remove(ProgramProfile profile) throws IOException {
            for (String name : List.of(profile.fileName(), AppArmorProfile.DEFAULT)) {
                Path file = at(ProgramProfile.FOLDER + "/" + name);
                if (!Files.exists(file)) {
                    console.info("Not there: " + file);
                    continue;
                }
                // it fails when it was not loaded, which is as good
                Optional<Programs.Answer> unloaded = isOn()
                        ? Optional.of(programs.run(List.of("apparmor_parser", "-R", file.toString())))
                        : Optional.empty();
                Files.delete(file);
                console.info((unloaded.filter(Programs.Answer::succeeded).isPresent()
                                ? "Unloaded and removed: "
                                : "Removed: ")
                        + file);
            }
            return 0;
        }

        private boolean isOn() throws IOException {
            Path enabled = at(ENABLED);
            return Files.exists(enabled) && Files.readString(enabled).startsWith("Y");
        }

        private Path at(String absolute) {
            return root.resolve(absolute.substring(1));
        }
    }
}
