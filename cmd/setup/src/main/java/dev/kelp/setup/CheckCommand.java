// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup;

import dev.kelp.setup.check.CgroupChecks;
import dev.kelp.setup.check.Finding;
import dev.kelp.setup.check.Machine;
import dev.kelp.setup.check.Remedy;
import dev.kelp.setup.check.Survey;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import tools.jackson.databind.json.JsonMapper;

@Command(
        name = "check",
        description = "Say what this machine lacks for containers, and what to type.",
        customSynopsis = {"@|bold kelp setup check|@ [--json | --fix] [--user NAME]"},
        footerHeading = "%nEXIT STATUS%n",
        footer = {
            "  0 when containers can run, also with warnings; 1 when they cannot. With --fix: 1 when something failed.",
            "",
            "EXAMPLES",
            "  kelp setup check",
            "  kelp setup check --fix | sudo sh      do what root has to do",
            "  sudo kelp setup check --fix --user alice",
            "",
            "SEE ALSO",
            "  subuid(5), user_namespaces(7), cgroups(7), loginctl(1)"
        })
final class CheckCommand implements Callable<Integer> {
    @ParentCommand
    private @Nullable SetupTool parent;

    @Option(names = "--json", description = "Print the findings as JSON.")
    private boolean json;

    @Option(
            names = "--fix",
            description = "As root, do what is advised; else print it as a shell script. Notes are left alone.")
    private boolean fix;

    @Option(
            names = "--user",
            paramLabel = "NAME",
            description = "As root: check for this user, whose session is not seen.")
    private String user = "";

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli looks at it
    private boolean help;

    @Override
    public Integer call() throws IOException, InterruptedException {
        SetupTool tool = Objects.requireNonNull(parent);
        Console console = tool.console();
        Optional<Machine> found = Machine.here(tool.variables(), user, tool.programs());
        if (found.isEmpty()) {
            console.error("There is no user " + user + " in /etc/passwd");
            return SetupTool.FAILED;
        }
        Machine machine = found.get();
        if (tool.isCompatible() && machine.user().isRoot()) {
            console.error("Refusing to install rootless containerd as the root user");
            return SetupTool.FAILED;
        }
        if (machine.asksForAnother() && !tool.isRoot()) {
            console.error("Only root checks for another user");
            return SetupTool.FAILED;
        }
        Survey survey = Survey.of(machine);
        if (json) {
            console.print(JsonMapper.builder()
                    .build()
                    .writerWithDefaultPrettyPrinter()
                    .writeValueAsString(survey));
        } else if (fix) {
            return new Fix(console, tool.isRoot()).apply(survey);
        } else {
            print(tool, machine, survey);
        }
        return survey.ready() ? 0 : SetupTool.FAILED;
    }

    /// The lines of the program whose name this one answers to; by Kelp's own name, what it found besides.
    private static void print(SetupTool tool, Machine machine, Survey survey) {
        Console console = tool.console();
        announce(console, tool.program(), machine, survey);
        if (survey.ready()) {
            console.info("Requirements are satisfied");
        }
        if (!tool.isCompatible()) {
            console.print("");
            survey.checks().forEach(f -> row(console, f));
        } else if (!survey.ready()) {
            survey.checks().stream()
                    .filter(f -> f.state() == Finding.State.ERROR)
                    .forEach(f -> console.error(f.name() + ": " + f.reason()));
            console.error("Run `kelp setup check` to see what to type");
        }
    }

    /// The lines that `install` begins with, too.
    static void announce(Console console, String program, Machine machine, Survey survey) {
        console.info("Checking RootlessKit functionality");
        if (survey.named("user namespaces").state() == Finding.State.ERROR) {
            console.error("RootlessKit failed, see the error messages and"
                    + " https://rootlesscontaine.rs/getting-started/common/ .");
        }
        console.info("Checking cgroup v2");
        if (!machine.user().isRoot()) {
            CgroupChecks.warnings(machine).forEach(console::warning);
        }
        console.info("Checking overlayfs");
        if (survey.named("overlayfs").isTrouble()) {
            console.warning("Overlayfs is not enabled, consider installing fuse-overlayfs snapshotter (`" + program
                    + " install-fuse-overlayfs`),  or see https://rootlesscontaine.rs/how-it-works/overlayfs/"
                    + " to enable overlayfs.");
        }
    }

    static void row(Console console, Finding f) {
        console.print("%-8s %-18s %s".formatted(f.state(), f.name(), f.reason()));
        for (Remedy remedy : f.remedies()) {
            List<String> lines = remedy.commands();
            if (!lines.isEmpty()) {
                console.print("           " + (remedy.asRoot() ? "as root:" : "type:"));
            }
            lines.forEach(line -> console.print("             " + line));
            if (!remedy.after().isEmpty()) {
                console.print("           " + (lines.isEmpty() ? "" : "then: ") + remedy.after());
            }
        }
    }
}
