// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The installed Kelp with roots of its own.
final class Kelp {
    private final Workspace workspace;
    private final Command prefix;

    private Kelp(Workspace workspace, Command prefix) {
        this.workspace = workspace;
        this.prefix = prefix;
    }

    static Kelp start(Workspace workspace, Path tree) {
        Command prefix = workspace
                .command(tree.resolve("bin/kelp").toString())
                .environment("KELP_DATA_ROOT", workspace.path("kelp").toString())
                .environment("KELP_RUN_ROOT", workspace.inMemory("kelp-run").toString());
        Kelp kelp = new Kelp(workspace, prefix);
        workspace.atEnd(() -> {
            kelp.removeContainers("-a");
            kelp.command("system", "stop").attempt();
        });
        kelp.command("version").output();
        return kelp;
    }

    Command command(String... words) {
        return prefix.with(words);
    }

    String description() {
        return "kelp " + command("version").output().replaceAll("(?s).*?Version:\\s*(\\S+).*", "$1");
    }

    /// Removes the containers `kelp ps -q` lists with this option.
    void removeContainers(String option) {
        String ids = command("ps", "-q", option).output();
        if (!ids.isEmpty()) {
            command("rm", "-f").with(ids.split("\\s+")).output();
        }
    }

    double daemonMegabytes() {
        return Machine.pssMegabytes(Long.parseLong(status("daemon pid")));
    }

    double daemonProcessorMillis() {
        return Machine.processorMillis(Long.parseLong(status("daemon pid")));
    }

    /// The memory of all monitors of this instance.
    double monitorMegabytes() {
        return Machine.processes("conmon", workspace.inMemory("kelp-run").toString()).stream()
                .mapToDouble(Machine::pssMegabytes)
                .sum();
    }

    /// A bare `crun run` of what Kelp made for a running container, in Kelp's own namespaces: the same root file
    /// system and
    /// the same specification, but for the command.
    ///
    /// @param container its id
    Command crun(String container, String sleeping) {
        Path bundle = workspace.folder("bundle");
        Path made = workspace.inMemory("kelp-run").resolve("containers/" + container + "/config.json");
        try {
            String specification = Files.readString(made);
            String changed = specification.replace(sleeping, "\"args\":[\"true\"]");
            if (changed.equals(specification)) {
                throw new IllegalStateException("no " + sleeping + " in " + made);
            }
            Files.writeString(bundle.resolve("config.json"), changed);
        } catch (IOException e) {
            throw new UncheckedIOException("copy the specification of " + container, e);
        }
        return workspace
                .command("nsenter", "-t", status("holder pid"), "-U", "-m", "-C")
                .with("crun", "--root=" + workspace.folder("crun"), "run", "--bundle=" + bundle, "bench");
    }

    private String status(String key) {
        return command("system", "status").output().lines()
                .filter(line -> line.startsWith(key + ": "))
                .map(line -> line.substring(key.length() + 2))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no " + key + " in kelp system status"));
    }
}
