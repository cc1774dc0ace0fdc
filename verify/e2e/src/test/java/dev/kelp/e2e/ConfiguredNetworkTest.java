// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static dev.kelp.e2e.Engines.busybox;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.kelp.testkit.KelpCli;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import dev.kelp.testkit.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Networks of the user's files, made by the distribution's CNI plugins.
@Tag("e2e")
class ConfiguredNetworkTest {
    private static final String LIST = """
            {"cniVersion": "1.0.0", "name": "%s", "plugins": [
              {"type": "bridge", "bridge": "%s", "isGateway": true, "ipMasq": true, "ipam": {
                "type": "host-local", "ranges": [[{"subnet": "%s"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
              {"type": "portmap", "capabilities": {"portMappings": true}},
              {"type": "firewall"}, {"type": "tuning"}]}
            """;

    private static KelpCli kelp;

    @TempDir
    Path folder;

    @BeforeAll
    static void open() {
        assumeThat(Files.isExecutable(Path.of("/usr/lib/cni/bridge"))
                        || Files.isExecutable(Path.of("/opt/cni/bin/bridge")))
                .as("CNI plugins are installed")
                .isTrue();
        kelp = Engines.kelp();
    }

    @AfterAll
    static void close() {
        if (kelp != null) {
            kelp.close();
        }
    }

    @AfterEach
    void nothingIsLeft() {
        kelp.removeContainers();
        new Leftovers(kelp).awaitNothing();
    }

    private Outcome run(String... words) {
        return kelp.command(words)
                .environment(Map.of("NETCONFPATH", folder.toString()))
                .run();
    }

    private void configure(String name, String bridge, String subnet) throws IOException {
        Files.writeString(folder.resolve(name + ".conflist"), LIST.formatted(name, bridge, subnet));
    }

    @Test
    void containersMeetByNameAndPublishPorts() throws IOException {
        configure("web", "br-web", "10.98.0.0/24");
        run(
                        "run",
                        "-d",
                        "--name",
                        "server",
                        "--net",
                        "web",
                        "-p",
                        "127.0.0.1:0:8000",
                        busybox(),
                        "sh",
                        "-c",
                        "while :; do echo served | nc -l -p 8000; done")
                .succeeded();
        assertThat(run(
                                "run",
                                "--rm",
                                "--net",
                                "web",
                                "--ip",
                                "10.98.0.77",
                                busybox(),
                                "sh",
                                "-c",
                                "ip -4 addr show eth0; ip route; nc server 8000 </dev/null")
                        .succeeded()
                        .out())
                .contains("10.98.0.77/24")
                .contains("default via 10.98.0.1")
                .contains("served");
        assertThat(run(
                                "inspect",
                                "-f",
                                "{{range $k, $v := .NetworkSettings.Networks}}{{$k}} {{$v.IPAddress}}{{end}}",
                                "server")
                        .succeeded()
                        .text())
                .startsWith("web 10.98.0.");
        // the daemon's end changes nothing: names, addresses and what the plugins have to undo are kept
        Leftovers.kill(kelp.daemonPid());
        assertThat(run("run", "--rm", "--net", "web", busybox(), "sh", "-c", "nc server 8000 </dev/null")
                        .succeeded()
                        .out())
                .contains("served");
        run("rm", "-f", "server").succeeded();
        assertThat(kelp.runRoot().resolve("cni/networks/web")).isDirectoryNotContaining("glob:**10.*");
    }

    @Test
    void aDaemonUndoesWhatEndedWithoutOne() throws IOException {
        configure("lone", "br-lone", "10.94.0.0/24");
        String id = run("run", "-d", "--net", "lone", busybox(), "sleep", "1000")
                .succeeded()
                .text();
        Path files = kelp.runRoot().resolve("containers/" + id);
        long monitor =
                Long.parseLong(Files.readString(files.resolve("conmon.pid")).strip());
        long process = Long.parseLong(Files.readString(files.resolve("pid")).strip());
        long daemon = kelp.daemonPid();
        // as after a restart of the machine: nobody is left to tell the end
        Program.of("kill", "-STOP", Long.toString(daemon)).run().succeeded();
        Leftovers.kill(monitor);
        Leftovers.kill(process);
        Program.of("rm", "-rf", files.toString(), kelp.runRoot() + "/crun/" + id)
                .run()
                .succeeded();
        Files.deleteIfExists(kelp.runRoot().resolve("exits/" + id));
        Leftovers.kill(daemon);
        assertThat(run("ps", "-a", "--format", "{{.Status}}").succeeded().text())
                .startsWith("Exited (255)");
        Path addresses = kelp.runRoot().resolve("cni/networks/lone");
        Waiting.until(
                Duration.ofSeconds(20),
                "the address is free",
                () -> !Files.exists(addresses.resolve("10.94.0.2")),
                () -> "it is not");
    }

    @Test
    void whatTheFolderHoldsIsListed() throws IOException {
        configure("first", "br-first", "10.97.0.0/24");
        Files.writeString(folder.resolve("broken.conflist"), "{");
        Outcome list = run("network", "ls", "--format", "{{.Name}} {{.Driver}}").succeeded();
        assertThat(list.lines()).contains("first bridge");
        assertThat(list.err()).contains("broken.conflist");
        assertThat(run("network", "inspect", "first", "-f", "{{(index .IPAM.Config 0).Subnet}}")
                        .succeeded()
                        .text())
                .isEqualTo("10.97.0.0/24");
        assertThat(run("network", "rm", "first").expect(1).err()).contains("first.conflist");
        run("network", "prune", "-f").succeeded();
        assertThat(run("network", "ls", "-q", "--filter", "name=first").lines()).hasSize(1);
        Files.delete(folder.resolve("first.conflist"));
        assertThat(run("network", "ls", "-q", "--filter", "name=first").lines()).isEmpty();
    }

    @Test
    void aPluginsRefusalIsTold() throws IOException {
        configure("narrow", "br-narrow", "10.96.0.0/24");
        assertThat(run("run", "--rm", "--net", "narrow", "--ip", "10.95.0.9", busybox(), "true")
                        .expect(125)
                        .err())
                .contains("network narrow")
                .contains("10.95.0.9");
        assertThat(kelp.command("run", "--rm", "--net", "narrow", busybox(), "true")
                        .environment(Map.of("NETCONFPATH", folder.toString(), "CNI_PATH", "/nonexistent"))
                        .run()
                        .expect(125)
                        .err())
                .contains("bridge")
                .contains("/nonexistent");
    }
}
