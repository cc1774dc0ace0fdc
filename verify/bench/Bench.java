// SPDX-License-Identifier: Apache-2.0

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// `./dev bench`: Kelp beside Podman, containerd and bare crun, on this machine, in one run.
///
/// It prints a Markdown table and writes `target/bench.json`. All peers do the same work with the same image in
/// turn, each
/// with storage of its own on the same file system (overlay), warm. Kelp's containers are on its bridge where a row
/// does not say otherwise, those of the others on the host's network, which is the faster. A row's ratio is that of
/// the
/// medians; beside it stand the smallest and largest ratio of a round. The times themselves say more about the machine.
/// Each includes starting a process from this JVM and noticing its end, which the first note states.
final class Bench {
    private static final Set<String> CASES =
            Set.of(
            "run", "exec", "ps", "images", "inspect", "pull", "parallel", "ports",
            "way-out", "accelerated", "idle", "lists", "logs", "cp",
            "stats");

    private static final String USAGE = """
            usage: ./dev bench [--quick] [--only CASE,…] [--podman direct] [--patience SECONDS]

              --quick             fewer rounds
              --only CASE,…       only these of: run exec ps images inspect pull parallel ports way-out
                                  accelerated idle lists logs cp stats
              --podman direct     Podman as the user types it, instead of kept inside its namespace (see Podman.java)
              --patience SECONDS  how long a row may wait for other processes to leave the machine alone (60)
            """;

    record Options(boolean quick, Set<String> cases, boolean podmanDirect, long patienceMillis) {
        static Options parse(String[] arguments) {
            Options options = new Options(false, CASES, false, 60_000);
            List<String> left = new ArrayList<>(List.of(arguments));
            while (!left.isEmpty()) {
                String flag = left.removeFirst();
                if (flag.equals("--quick")) {
                    options = new Options(true, options.cases, options.podmanDirect, options.patienceMillis);
                } else if (left.isEmpty()) {
                    throw new IllegalArgumentException(flag);
                } else {
                    options = options.with(flag, left.removeFirst());
                }
            }
            return options;
        }

        private Options with(String flag, String value) {
            return switch (flag) {
                case "--only" -> {
                    Set<String> only = Set.of(value.split(","));
                    if (!CASES.containsAll(only)) {
                        throw new IllegalArgumentException(flag + " " + value);
                    }
                    yield new Options(quick, only, podmanDirect, patienceMillis);
                }
                case "--podman" -> new Options(quick, cases, value.equals("direct"), patienceMillis);
                case "--patience" -> new Options(quick, cases, podmanDirect, Long.parseLong(value) * 1000);
                default -> throw new IllegalArgumentException(flag);
            };
        }
    }

    private Bench() {}

    public static void main(String[] arguments) throws IOException {
        Options options;
        try {
            options = Options.parse(arguments);
        } catch (IllegalArgumentException e) {
            System.err.println("bench: cannot make sense of " + e.getMessage() + "\n" + USAGE);
            System.exit(125);
            return;
        }
        if (Machine.uid() == 0) {
            System.err.println("kelp: error: Podman and containerd are measured rootless, so not by root\n"
                    + "kelp: hint: run it as an ordinary user with ids in /etc/subuid");
            System.exit(125);
        }
        Path checkout = Path.of("").toAbsolutePath();
        String installed = System.getenv("KELP_INSTALLED");
        Path tree = installed == null ? checkout.resolve("target/kelp") : Path.of(installed);
        Report report = new Report();
        try (Workspace workspace = new Workspace()) {
            Runtime.getRuntime().addShutdownHook(new Thread(workspace::close));
            new Cases(options, report, workspace).run(checkout, tree);
        }
        IO.println(report.markdown());
        Path target = checkout.resolve("target");
        Path json = (Files.isWritable(target) ? target : Path.of(System.getProperty("java.io.tmpdir")))
                .resolve("bench.json");
        Files.writeString(json, report.json());
        System.err.println("bench: all values are in " + json);
    }
}
