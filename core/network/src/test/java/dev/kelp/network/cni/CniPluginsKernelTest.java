// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.cni;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kelp.linux.NetworkNamespaces;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.network.NetworkDefinition.Plugins;
import dev.kelp.model.network.PortMapping;
import dev.kelp.network.ContainerNamespace;
import dev.kelp.network.DetachedNamespace;
import dev.kelp.network.HostPrograms;
import dev.kelp.rootless.testing.TestHolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The plugins of the distribution, in real namespaces.
class CniPluginsKernelTest {
    private static final String ID = "c".repeat(64);

    @TempDir
    Path state;

    private TestHolder holder;
    private DetachedNamespace detached;
    private CniPlugins plugins;

    @BeforeEach
    void open() throws IOException {
        assumeFalse("none".equals(System.getenv("KELP_TEST_NAMESPACE")), "no user namespaces here");
        assumeTrue(
                Plugins.FOLDERS.stream().anyMatch(f -> Files.isExecutable(Path.of(f, "bridge"))),
                "no CNI plugins are installed");
        holder = new TestHolder();
        detached = DetachedNamespace.create();
        plugins = new CniPlugins(new HostPrograms(holder.holder()), detached, state);
    }

    @AfterEach
    void close() throws Exception {
        if (holder != null) {
            detached.close();
            holder.close();
        }
    }

    private static NetworkList list(String more) {
        return NetworkList.parse("test", """
                {"cniVersion": "0.4.0", "name": "web", "plugins": [
                  {"type": "bridge", "bridge": "br-web", "isGateway": true, "ipMasq": true, "ipam": {
                    "type": "host-local", "ranges": [[{"subnet": "10.9.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]
                  }}%s]}
                """.formatted(more).getBytes(StandardCharsets.UTF_8));
    }

    private static CniPlugins.Target target(ContainerNamespace namespace, List<PortMapping> ports) {
        String path = "/proc/" + ProcessHandle.current().pid() + "/fd/"
                + namespace.fd().number();
        return new CniPlugins.Target(ID, path, "eth0", ports, null, null);
    }

    private static List<String> interfaces(ContainerNamespace namespace) throws IOException {
        List<String> lines = NetworkNamespaces.inside(
                namespace.fd(), () -> Files.readAllLines(Path.of("/proc/thread-self/net/dev")));
        return lines.stream()
                .filter(l -> l.contains(":"))
                .map(l -> l.substring(0, l.indexOf(':')).strip())
                .toList();
    }

    private List<String> reserved() throws IOException {
        try (Stream<Path> files = Files.list(state.resolve("networks/web"))) {
            return files.map(f -> f.getFileName().toString())
                    .filter(f -> f.startsWith("10."))
                    .toList();
        }
    }

    @Test
    void aContainerIsConnectedAndLetGo() throws Exception {
        NetworkList list =
                list(", {\"type\": \"tuning\"}, {\"type\": \"portmap\", \"capabilities\": {\"portMappings\": true}}, "
                        + "{\"type\": \"firewall\"}");
        try (ContainerNamespace namespace = ContainerNamespace.create()) {
            CniPlugins.Target target =
                    target(namespace, List.of(PortMapping.parse("8080:80").getFirst()));
            CniResult result = plugins.add(list, Plugins.FOLDERS, target);
            assertThat(result.addresses()).hasSize(1);
            assertThat(result.addresses().getFirst().address().getHostAddress()).isEqualTo("10.9.0.2");
            assertThat(result.addresses().getFirst().gateway().getHostAddress()).isEqualTo("10.9.0.1");
            assertThat(result.mac()).isPresent();
            assertThat(interfaces(namespace)).contains("eth0");
            assertThat(reserved()).containsExactly("10.9.0.2");
            plugins.delete(list, Plugins.FOLDERS, target, result.json());
            assertThat(interfaces(namespace)).doesNotContain("eth0");
            assertThat(reserved()).isEmpty();
        }
    }

    /// The plugin puts a token bucket on the host's end, and for the other direction on an ifb device.
    @Test
    void bandwidthIsLimited() throws Exception {
        assumeInstalled("/usr/lib/cni/bandwidth");
        assumeKernelHas("ifb");
        NetworkList list = list(", {\"type\": \"bandwidth\", \"ingressRate\": 8000000, \"ingressBurst\": 800000,"
                + " \"egressRate\": 8000000, \"egressBurst\": 800000}");
        try (ContainerNamespace namespace = ContainerNamespace.create()) {
            CniPlugins.Target target = target(namespace, List.of());
            CniResult result = plugins.add(list, Plugins.FOLDERS, target);
            assertThat(queues()).contains("tbf", "rate 8Mbit", "ingress");
            plugins.delete(list, Plugins.FOLDERS, target, result.json());
            assertThat(queues()).doesNotContain("tbf");
        }
    }

    private String queues() {
        return inside("tc", "qdisc", "show");
    }

    /// What a program says inside the detached namespace.
    private String inside(String... words) {
        try {
            Process process = NetworkNamespaces.inside(
                    detached.fd(),
                    () -> new ProcessBuilder(words).redirectErrorStream(true).start());
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            process.waitFor();
            return said;
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static final String MACVLAN = """
            {"cniVersion": "0.4.0", "name": "web", "plugins": [
              {"type": "macvlan", "master": "lan0", "mode": "bridge", "ipam": %s}]}
            """;

    private void makeLan() {
        assertThat(inside("ip", "link", "add", "lan0", "type", "veth", "peer", "name", "lan1"))
                .isEmpty();
        assertThat(inside("ip", "link", "set", "lan0", "up")).isEmpty();
        assertThat(inside("ip", "link", "set", "lan1", "up")).isEmpty();
        assertThat(inside("ip", "addr", "add", "10.9.0.1/24", "dev", "lan1")).isEmpty();
        assumeKernelHas("macvlan", "link", "lan0");
    }

    private void assumeKernelHas(String type, String... more) {
        List<String> words = new ArrayList<>(List.of("ip", "link", "add", "probe0"));
        words.addAll(List.of(more));
        words.addAll(List.of("type", type));
        assumeTrue(inside(words.toArray(String[]::new)).isEmpty(), "this kernel has no " + type + " interfaces");
        inside("ip", "link", "del", "probe0");
    }

    private static void assumeInstalled(String program) {
        assumeTrue(Files.isExecutable(Path.of(program)), program + " is not installed");
    }

    @Test
    void macvlanGivesAnInterfaceOfItsOwn() throws Exception {
        assumeInstalled("/usr/lib/cni/macvlan");
        makeLan();
        NetworkList list = NetworkList.parse("test", MACVLAN.formatted("""
                {"type": "host-local", "ranges": [[{"subnet": "10.9.0.0/24", "rangeStart": "10.9.0.50"}]]}
                """).getBytes(StandardCharsets.UTF_8));
        try (ContainerNamespace namespace = ContainerNamespace.create()) {
            CniPlugins.Target target = target(namespace, List.of());
            CniResult result = plugins.add(list, Plugins.FOLDERS, target);
            assertThat(result.addresses().getFirst().address().getHostAddress()).isEqualTo("10.9.0.50");
            assertThat(interfaces(namespace)).contains("eth0");
            assertThat(inside("busybox", "ping", "-c", "1", "-W", "5", "-I", "lan1", "10.9.0.50"))
                    .contains("1 packets received");
            plugins.delete(list, Plugins.FOLDERS, target, result.json());
            assertThat(interfaces(namespace)).doesNotContain("eth0");
        }
    }

    /// The plugin's daemon and a DHCP server are the user's, as with any CNI runtime.
    @Test
    void dhcpAsksTheServerOfTheLan(@TempDir Path folder) throws Exception {
        assumeInstalled("/usr/lib/cni/dhcp");
        makeLan();
        Path socket = folder.resolve("dhcp.sock");
        Path leases = Files.createFile(folder.resolve("leases"));
        Path configuration =
                Files.writeString(folder.resolve("udhcpd.conf"), """
                start 10.9.0.80
                end 10.9.0.89
                interface lan1
                lease_file %s
                pidfile %s
                option subnet 255.255.255.0
                option router 10.9.0.1
                """.formatted(leases, folder.resolve("pid")));
        Process daemon = start("/usr/lib/cni/dhcp", "daemon", "-socketpath", socket.toString());
        Process server = start("busybox", "udhcpd", "-f", configuration.toString());
        try (ContainerNamespace namespace = ContainerNamespace.create()) {
            for (int i = 0; i < 200 && !Files.exists(socket); i++) {
                Thread.sleep(50);
            }
            NetworkList list = NetworkList.parse(
                    "test",
                    MACVLAN.formatted("{\"type\": \"dhcp\", \"daemonSocketPath\": \"" + socket + "\"}")
                            .getBytes(StandardCharsets.UTF_8));
            CniPlugins.Target target = target(namespace, List.of());
            CniResult result = plugins.add(list, Plugins.FOLDERS, target);
            assertThat(result.addresses().getFirst().address().getHostAddress()).startsWith("10.9.0.8");
            plugins.delete(list, Plugins.FOLDERS, target, result.json());
            assertThat(interfaces(namespace)).doesNotContain("eth0");
        } finally {
            daemon.destroyForcibly();
            server.destroyForcibly();
        }
    }

    private Process start(String... words) throws IOException {
        return NetworkNamespaces.inside(
                detached.fd(),
                () -> new ProcessBuilder(words)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start());
    }

    @Test
    void anAddressComesFreeWhenTheNamespaceIsGone() throws Exception {
        NetworkList list = list("");
        CniResult result;
        try (ContainerNamespace namespace = ContainerNamespace.create()) {
            result = plugins.add(list, Plugins.FOLDERS, target(namespace, List.of()));
        }
        plugins.delete(
                list, Plugins.FOLDERS, new CniPlugins.Target(ID, "", "eth0", List.of(), null, null), result.json());
        assertThat(reserved()).isEmpty();
    }

    @Test
    void aPluginThatFailsUndoesTheOnesBeforeIt() throws Exception {
        NetworkList list = list(", {\"type\": \"tuning\", \"sysctl\": {\"no.such\": \"1\"}}");
        try (ContainerNamespace namespace = ContainerNamespace.create()) {
            assertThatThrownBy(() -> plugins.add(list, Plugins.FOLDERS, target(namespace, List.of())))
                    .hasMessageContaining("connect with network web")
                    .hasMessageContaining("CNI plugin");
            assertThat(interfaces(namespace)).doesNotContain("eth0");
            assertThat(reserved()).isEmpty();
        }
    }

    @Test
    void aMissingPluginIsNamedBeforeAnythingIsMade() throws Exception {
        try (ContainerNamespace namespace = ContainerNamespace.create()) {
            assertThatThrownBy(() -> plugins.add(
                            list(", {\"type\": \"nosuch\"}"), Plugins.FOLDERS, target(namespace, List.of())))
                    .isInstanceOfSatisfying(
                            KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.NOT_FOUND))
                    .hasMessageContaining("nosuch");
            assertThat(state.resolve("networks")).doesNotExist();
        }
    }
}
