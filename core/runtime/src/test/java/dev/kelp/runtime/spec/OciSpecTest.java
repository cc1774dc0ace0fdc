// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.IdMapping;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.ContainerSpec.DeviceSpec;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.model.container.ContainerSpec.ProcessSpec;
import dev.kelp.model.container.Isolation;
import dev.kelp.model.container.Lifecycle;
import dev.kelp.model.container.Logging;
import dev.kelp.model.container.Resources;
import dev.kelp.model.container.Security;
import dev.kelp.model.oci.ImageConfig;
import dev.kelp.model.oci.OciJson;
import dev.kelp.rootless.CgroupAccess;
import dev.kelp.rootless.Instance;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class OciSpecTest {
    private static final String ID = "0123456789abcdef".repeat(4);

    @TempDir
    private Path dir;

    private Path rootfs;
    private ProcessSpec process = ProcessSpec.EMPTY.withCommand(List.of("/bin/true"));
    private Isolation isolation = Isolation.DEFAULT;
    private Security security = Security.DEFAULT;
    private Resources resources = Resources.NONE;
    private Lifecycle lifecycle = Lifecycle.DEFAULT;
    private List<MountSpec> mounts = List.of();
    private ImageConfig.Execution image = ImageConfig.Execution.EMPTY;
    private List<IdMapping> ids = List.of(new IdMapping(0, 1000, 1), new IdMapping(1, 100000, 65536));
    private CgroupAccess cgroups = CgroupAccess.none();
    private @Nullable Path init;

    @BeforeEach
    void makeRoot() throws Exception {
        rootfs = Files.createDirectories(dir.resolve("rootfs/etc")).getParent();
        Files.writeString(rootfs.resolve("etc/passwd"), "root:x:0:0::/root:/bin/sh\nann:x:10:20::/home/ann:\n");
    }

    private OciSpec.Generated generate() {
        ContainerSpec spec = new ContainerSpec(
                "i",
                null,
                null,
                null,
                Map.of(),
                Map.of("k", "v"),
                process,
                isolation,
                security,
                mounts,
                resources,
                lifecycle,
                Logging.DEFAULT);
        Instance instance = new Instance(dir, dir, dir, 1000, 1000, ids, ids);
        return OciSpec.generate(new SpecInputs(
                ID,
                spec,
                image,
                rootfs,
                dir,
                mounts,
                Map.of(),
                instance,
                cgroups,
                init,
                "host",
                p -> Optional.empty(),
                List.of()));
    }

    private JsonNode config() {
        return OciJson.mapper().readTree(generate().config());
    }

    private static List<String> texts(JsonNode array) {
        return array.valueStream().map(JsonNode::asString).toList();
    }

    private static JsonNode mount(JsonNode config, String target) {
        return config.get("mounts")
                .valueStream()
                .filter(m -> m.get("destination").asString().equals(target))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aPlainContainer() throws Exception {
        JsonNode c = config();
        assertThat(c.get("ociVersion").asString()).isEqualTo("1.0.2");
        assertThat(c.get("root").toString()).isEqualTo("{\"path\":\"" + rootfs + "\"}");
        assertThat(c.get("hostname").asString()).isEqualTo("0123456789ab");
        assertThat(c.get("annotations").toString()).isEqualTo("{\"k\":\"v\"}");
        JsonNode p = c.get("process");
        assertThat(p.get("user").toString()).isEqualTo("{\"uid\":0,\"gid\":0,\"umask\":18,\"additionalGids\":[0]}");
        assertThat(texts(p.get("env")))
                .containsExactly(
                        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                        "HOSTNAME=0123456789ab",
                        "HOME=/root");
        assertThat(p.get("cwd").asString()).isEqualTo("/");
        assertThat(p.get("noNewPrivileges").asBoolean()).isFalse();
        assertThat(p.get("capabilities").has("inheritable")).isFalse();
        assertThat(p.get("capabilities").get("bounding").size()).isEqualTo(14);
        assertThat(c.get("mounts").valueStream().map(m -> m.get("destination").asString()))
                .containsExactly(
                        "/proc",
                        "/dev",
                        "/dev/pts",
                        "/dev/shm",
                        "/dev/mqueue",
                        "/sys",
                        "/sys/fs/cgroup",
                        "/etc/hosts",
                        "/etc/hostname",
                        "/etc/resolv.conf");
        JsonNode linux = c.get("linux");
        assertThat(linux.get("namespaces").valueStream().map(n -> n.get("type").asString()))
                .containsExactly("cgroup", "ipc", "mount", "network", "pid", "uts");
        assertThat(linux.has("cgroupsPath")).isFalse();
        assertThat(linux.has("resources")).isFalse();
        assertThat(linux.get("seccomp").get("defaultAction").asString()).isEqualTo("SCMP_ACT_ERRNO");
        assertThat(texts(linux.get("maskedPaths"))).contains("/proc/kcore", "/sys/firmware");
        assertThat(texts(linux.get("readonlyPaths"))).contains("/proc/sys");
        assertThat(Files.readString(dir.resolve("hostname"))).isEqualTo("0123456789ab\n");
        assertThat(Files.readString(dir.resolve("hosts")))
                .contains("127.0.0.1\tlocalhost")
                .contains("0123456789ab");
    }

    @Test
    void joinsImageAndUserAsDockerDoes() {
        image = OciJson.read("""
                {"User":"ann","Env":["PATH=/x","A=1","B=2"],"Entrypoint":["/entry"],"Cmd":["c"],
                 "WorkingDir":"srv/in"}""".getBytes(StandardCharsets.UTF_8), ImageConfig.Execution.class, "test");
        process =
                new ProcessSpec(null, null, List.of("B=3", "C=", "A"), null, null, true, false, false, List.of(), null);
        JsonNode p = config().get("process");
        assertThat(texts(p.get("args"))).containsExactly("/entry", "c");
        assertThat(texts(p.get("env")))
                .containsExactly("PATH=/x", "HOSTNAME=0123456789ab", "TERM=xterm", "B=3", "C=", "HOME=/home/ann");
        assertThat(p.get("user").get("uid").asInt()).isEqualTo(10);
        assertThat(p.get("user").get("gid").asInt()).isEqualTo(20);
        assertThat(p.get("cwd").asString()).isEqualTo("/srv/in");
        assertThat(rootfs.resolve("srv/in")).isDirectory();
        assertThat(ProcessParts.arguments(process.withCommand(List.of("d")), image))
                .containsExactly("/entry", "d");
        ProcessSpec own =
                new ProcessSpec(null, List.of("/mine"), List.of(), null, null, false, false, false, List.of(), null);
        assertThat(ProcessParts.arguments(own, image)).containsExactly("/mine");
        ProcessSpec none =
                new ProcessSpec(List.of("d"), List.of(), List.of(), null, null, false, false, false, List.of(), null);
        assertThat(ProcessParts.arguments(none, image)).containsExactly("d");
        assertThatThrownBy(() -> ProcessParts.arguments(ProcessSpec.EMPTY, ImageConfig.Execution.EMPTY))
                .hasMessageContaining("no command");
    }

    @Test
    void inTheHostsNetworkSysfsIsBoundReadOnly() {
        isolation = new Isolation(
                "host",
                null,
                null,
                null,
                null,
                null,
                null,
                List.of("db:fd00::1", "x=1.2.3.4"),
                List.of("9.9.9.9"),
                List.of("corp"),
                List.of("ndots:2"),
                Map.of());
        JsonNode c = config();
        assertThat(mount(c, "/sys").get("type").asString()).isEqualTo("bind");
        assertThat(texts(mount(c, "/sys").get("options"))).contains("rbind", "rro");
        assertThat(c.get("linux")
                        .get("namespaces")
                        .valueStream()
                        .map(n -> n.get("type").asString()))
                .doesNotContain("network");
        assertThat(c.get("linux").has("sysctl")).isFalse();
        assertThat(dir.resolve("hosts")).content().contains("fd00::1\tdb\n", "1.2.3.4\tx\n");
        assertThat(dir.resolve("resolv.conf"))
                .content()
                .contains("nameserver 9.9.9.9\nsearch corp\noptions ndots:2\n")
                .containsOnlyOnce("nameserver");
    }

    @Test
    void aSingleIdCanOnlyBeRoot() {
        ids = List.of(new IdMapping(0, 1000, 1));
        assertThat(texts(mount(config(), "/dev/pts").get("options"))).doesNotContain("gid=5");
        process = new ProcessSpec(List.of("x"), null, List.of(), "ann", null, false, false, false, List.of(), null);
        assertThatThrownBy(this::generate)
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.hint()).isPresent())
                .hasMessageContaining("10:20");
    }

    @Test
    void mountsWhatIsAskedInOrderAndInsteadOfItsOwn() {
        mounts = List.of(
                new MountSpec("bind", "/src/deep", "/data/a/b", List.of("ro", "rslave", "z"), null, null),
                new MountSpec("bind", "/src", "/data/", List.of(), null, null),
                new MountSpec("tmpfs", null, "/dev/shm", List.of("size=1m", "mode=700"), null, null));
        security = new Security(
                false,
                true,
                List.of(),
                List.of(),
                null,
                null,
                null,
                false,
                List.of(new DeviceSpec("/dev/fuse", "/dev/fuse", "r")));
        JsonNode c = config();
        List<String> targets = c.get("mounts")
                .valueStream()
                .map(m -> m.get("destination").asString())
                .toList();
        assertThat(targets.indexOf("/data")).isLessThan(targets.indexOf("/data/a/b"));
        assertThat(targets).doesNotHaveDuplicates();
        assertThat(texts(mount(c, "/data/a/b").get("options"))).containsExactly("rbind", "rro", "rslave");
        assertThat(texts(mount(c, "/data").get("options"))).containsExactly("rbind", "rprivate");
        assertThat(texts(mount(c, "/dev/shm").get("options")))
                .containsExactly("noexec", "nosuid", "nodev", "size=1m", "mode=700");
        assertThat(texts(mount(c, "/dev/fuse").get("options"))).contains("bind", "ro");
        assertThat(c.get("linux").get("rootfsPropagation").asString()).isEqualTo("rslave");
        assertThat(c.get("root").get("readonly").asBoolean()).isTrue();
        for (String bad : List.of("relative", "/", "/..")) {
            mounts = List.of(new MountSpec("tmpfs", null, bad, List.of(), null, null));
            assertThatThrownBy(this::generate).as(bad).isInstanceOf(KelpException.class);
        }
    }

    @Test
    void warnsOfLimitsItCannotKeep() {
        resources = new Resources(1 << 20, 0, 0, 0, 0, 0, null, null, 100, 0, -500, 0, Map.of());
        OciSpec.Generated none = generate();
        assertThat(none.warnings()).anyMatch(w -> w.contains("no cgroup2")).anyMatch(w -> w.contains("oom score"));
        cgroups = new CgroupAccess(CgroupAccess.Driver.SYSTEMD, "/user.slice", Set.of("memory"));
        assertThatThrownBy(this::generate)
                .isInstanceOf(KelpException.class)
                .hasMessageContaining("the cgroup controller pids is not delegated to this user: ");
        resources = resources.withCgroups(null, true);
        OciSpec.Generated some = generate();
        assertThat(some.warnings()).anyMatch(w -> w.contains("pids is not delegated"));
        JsonNode linux = OciJson.mapper().readTree(some.config()).get("linux");
        assertThat(linux.get("cgroupsPath").asString()).isEqualTo("user.slice:kelp:" + ID);
        assertThat(linux.get("resources").toString()).isEqualTo("{\"memory\":{\"limit\":1048576,\"swap\":2097152}}");
    }

    @Test
    void refusesALimitWhenTheScopeThatShouldBeThereFailed() {
        cgroups = CgroupAccess.failed("systemd said no");
        assertThat(generate().warnings()).noneMatch(w -> w.contains("limit"));
        resources = new Resources(1 << 20, 0, 0, 0, 0, 0, null, null, 0, 0, 0, 0, Map.of());
        assertThatThrownBy(this::generate)
                .isInstanceOf(KelpException.class)
                .hasMessage("the limit is not kept: systemd said no");
        resources = resources.withCgroups(null, true);
        assertThat(generate().warnings()).anyMatch(w -> w.contains("are not kept: systemd said no"));
    }

    @Test
    void refusesAParentThatSystemdDoesNotKnow() {
        cgroups = new CgroupAccess(CgroupAccess.Driver.SYSTEMD, "/user.slice", Set.of("memory"));
        resources = below("/a/b");
        assertThatThrownBy(this::generate).hasMessage("invalid --cgroup-parent `/a/b`: systemd knows slices");
        resources = below("batch.slice");
        JsonNode config = OciJson.mapper().readTree(generate().config());
        assertThat(config.get("linux").get("cgroupsPath").asString()).isEqualTo("batch.slice:kelp:" + ID);
        assertThat(config.get("annotations")
                        .get("org.systemd.property.TimeoutStopUSec")
                        .asString())
                .isEqualTo("uint64 10000000");
    }

    private static Resources below(String parent) {
        String json = "{\"cgroupParent\":\"" + parent + "\"}";
        return OciJson.mapper().readValue(json, Resources.class);
    }

    @Test
    void runsUnderAnInitOfTheHost() {
        lifecycle = new Lifecycle(false, null, null, null, true, null, null);
        assertThatThrownBy(this::generate)
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(ErrorKind.UNSUPPORTED));
        init = Path.of("/usr/bin/catatonit");
        JsonNode c = config();
        assertThat(texts(c.get("process").get("args"))).containsExactly("/dev/init", "--", "/bin/true");
        assertThat(mount(c, "/dev/init").get("source").asString()).isEqualTo("/usr/bin/catatonit");
    }

    @Test
    void privilegedMeansEverythingThisUserHas() {
        security = new Security(true, false, List.of(), List.of(), null, null, null, false, List.of());
        JsonNode c = config();
        assertThat(c.get("linux").has("seccomp")).isFalse();
        assertThat(c.get("linux").get("maskedPaths").size()).isZero();
        assertThat(c.get("process").get("noNewPrivileges").asBoolean()).isFalse();
        assertThat(c.get("process").get("capabilities").get("bounding").size()).isEqualTo(Capability.values().length);
    }

    @Test
    void combinesCapabilitiesAsDocker() {
        assertThat(Capability.granted(false, List.of(), List.of("all"))).isEmpty();
        assertThat(Capability.granted(false, List.of("ALL"), List.of("CAP_CHOWN")))
                .hasSize(Capability.values().length - 1)
                .doesNotContain(Capability.CAP_CHOWN);
        assertThat(Capability.granted(false, List.of("net_admin"), List.of("ALL")))
                .containsExactly(Capability.CAP_NET_ADMIN);
        assertThatThrownBy(() -> Capability.of("NET_ADMN"))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.hint()).contains("did you mean NET_ADMIN?"));
        assertThatThrownBy(() -> Capability.of("frobnicate"))
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.hint()).isEmpty());
    }

    @Test
    void cutsResourceLimitsToTheHardOnes() {
        ResourceLimits own = ResourceLimits.parse(List.of(
                "Limit                     Soft Limit           Hard Limit           Units     ",
                "Max open files            1024                 4096                 files     ",
                "Max core file size        0                    unlimited            bytes     "));
        List<String> warnings = new ArrayList<>();
        assertThat(own.forContainer(Map.of("nofile", "5000:9000", "core", "-1"), warnings))
                .containsExactly(
                        new OciSpec.ResourceLimit("core", -1, -1), new OciSpec.ResourceLimit("nofile", 4096, 4096));
        assertThat(warnings).singleElement().asString().contains("4096");
        for (Map<String, String> bad : List.of(
                Map.of("nofiles", "1"),
                Map.of("core", "2:1"),
                Map.of("core", "x"),
                Map.of("core", "-2"),
                Map.of("core", "1:2:3"))) {
            assertThatThrownBy(() -> own.forContainer(bad, warnings)).isInstanceOf(KelpException.class);
        }
    }

    @Test
    void refusesSysctlsOfSharedNamespaces() {
        assertThat(Sysctls.forContainer(Map.of("net.core.somaxconn", "5"), true, true, true))
                .containsEntry("net.core.somaxconn", "5")
                .containsEntry("net.ipv4.ip_unprivileged_port_start", "0");
        assertThatThrownBy(() -> Sysctls.forContainer(Map.of("net.core.somaxconn", "5"), false, true, true))
                .hasMessageContaining("shares the network namespace");
        assertThatThrownBy(() -> Sysctls.forContainer(Map.of("kernel.shmmax", "5"), true, false, true))
                .hasMessageContaining("ipc");
        Stream.of("kernel.panic", "net..x", "vm.swappiness", ".net")
                .forEach(n -> assertThatThrownBy(() -> Sysctls.forContainer(Map.of(n, "1"), true, true, true))
                        .as(n)
                        .isInstanceOf(KelpException.class));
    }

    @Test
    void writesACompiledFilterBesideItsProfile() {
        ContainerSpec spec = ContainerSpec.ofImage("x").withProcess(p -> process);
        Instance instance = new Instance(dir, dir, dir, 1000, 1000, ids, ids);
        OciSpec.Generated generated = OciSpec.generate(new SpecInputs(
                ID,
                spec,
                image,
                rootfs,
                dir,
                mounts,
                Map.of(),
                instance,
                cgroups,
                init,
                "host",
                p -> Optional.of("QUJD"),
                List.of()));
        JsonNode c = OciJson.mapper().readTree(generated.config());
        assertThat(c.get("annotations").get(OciSpec.SECCOMP_ANNOTATION).asString())
                .isEqualTo("QUJD");
        assertThat(c.get("linux").has("seccomp")).isTrue();
        assertThat(generated.seccompToCompile()).isEmpty();
        assertThat(generate().seccompToCompile()).isPresent();
    }
}
