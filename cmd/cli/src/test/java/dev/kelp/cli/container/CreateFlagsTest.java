// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.cli.FakeClient;
import dev.kelp.cli.FakeEngine;
import dev.kelp.cli.shell.Shell;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.model.oci.OciJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// Each flag of `create` and `run`, right and wrong.
class CreateFlagsTest {
    @TempDir
    private Path directory;

    private FakeClient client;

    private ContainerSpec create(String... flags) {
        FakeEngine engine = new FakeEngine();
        client = new FakeClient(
                directory,
                Stream.of(Stream.of("create"), Stream.of(flags), Stream.of("img", "cmd", "-x", "--", "--rm"))
                        .flatMap(s -> s)
                        .toArray(String[]::new));
        client.variables.put("HERE", "yes");
        assertThat(Shell.execute(client, engine)).as(client.errText()).isZero();
        return engine.containers().only().spec;
    }

    private String refuse(String... flags) {
        FakeEngine engine = new FakeEngine();
        client = new FakeClient(
                directory,
                Stream.of(Stream.of("run", "-d"), Stream.of(flags), Stream.of("img"))
                        .flatMap(s -> s)
                        .toArray(String[]::new));
        assertThat(Shell.execute(client, engine)).isEqualTo(125);
        assertThat(engine.containers().records).isEmpty();
        return client.errText();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        -i                         | /process/openStdin              | true
        -t                         | /process/terminal               | true
        -it                        | /process/terminal               | true
        -ti                        | /process/openStdin              | true
        -it                        | /process/stdinOnce              | true
        -e A=1                     | /process/env                    | ["A=1"]
        -eA=1                      | /process/env                    | ["A=1"]
        --env=A=1                  | /process/env                    | ["A=1"]
        -e HERE                    | /process/env                    | ["HERE=yes"]
        -e MISSING                 | /process/env                    |
        -e A=1 -e A=2              | /process/env                    | ["A=1","A=2"]
        -e -x=1                    | /process/env                    | ["-x=1"]
        -w /x                      | /process/workdir                | "/x"
        -u 1000:1000               | /process/user                   | "1000:1000"
        --group-add audio          | /process/groups                 | ["audio"]
        --entrypoint sh            | /process/entrypoint             | ["sh"]
        --entrypoint=              | /process/entrypoint             | []
        --umask 027                | /process/umask                  | 23
        --name web_1               | /name                           | "web_1"
        -l a=1                     | /labels                         | {"a":"1"}
        --label a                  | /labels                         | {"a":""}
        --annotation a=1           | /annotations                    | {"a":"1"}
        --platform linux/x86_64    | /platform                       | "linux/amd64"
        -h box                     | /isolation/hostname             | "box"
        --hostname=box             | /isolation/hostname             | "box"
        --domainname d             | /isolation/domainname           | "d"
        --net none                 | /isolation/network              | "none"
        --network=host             | /isolation/network              | "host"
        --network container:x      | /isolation/network              | "container:x"
        --pid host                 | /isolation/pid                  | "host"
        --ipc host                 | /isolation/ipc                  | "host"
        --uts host                 | /isolation/uts                  | "host"
        --cgroupns host            | /isolation/cgroupns             | "host"
        --add-host a:1.2.3.4       | /isolation/extraHosts           | ["a:1.2.3.4"]
        --add-host a:::1           | /isolation/extraHosts           | ["a:::1"]
        --dns 1.1.1.1              | /isolation/dns                  | ["1.1.1.1"]
        --dns-search d             | /isolation/dnsSearch            | ["d"]
        --dns-opt ndots:1          | /isolation/dnsOptions           | ["ndots:1"]
        --sysctl net.x=1           | /isolation/sysctls              | {"net.x":"1"}
        --privileged               | /security/privileged            | true
        --privileged=false         | /security/privileged            |
        --read-only                | /security/readOnlyRootfs        | true
        --cap-add NET_ADMIN        | /security/capabilitiesAdd       | ["NET_ADMIN"]
        --cap-drop all             | /security/capabilitiesDrop      | ["all"]
        --cap-add A,B              | /security/capabilitiesAdd       | ["A","B"]
        --security-opt no-new-privileges        | /security/noNewPrivileges | true
        --security-opt no-new-privileges=false  | /security/noNewPrivileges | false
        --security-opt no-new-privileges:false  | /security/noNewPrivileges | false
        --security-opt seccomp=unconfined       | /security/seccomp         | "unconfined"
        --security-opt apparmor=p               | /security/apparmor        | "p"
        --security-opt systempaths=unconfined   | /security/systemPathsUnconfined | true
        --systemd always           | /security/writableCgroups       | true
        --systemd=always           | /lifecycle/stopSignal           | "SIGRTMIN+3"
        --systemd=always --stop-signal INT | /lifecycle/stopSignal   | "INT"
        --systemd=always           | /mounts/1/target                | "/run/lock"
        --systemd=always -v /run   | /mounts/2/target                | "/tmp"
        --systemd=true --entrypoint /sbin/init | /lifecycle/stopSignal | "SIGRTMIN+3"
        --systemd=true --entrypoint sh | /lifecycle/stopSignal       |
        --systemd=false --entrypoint /sbin/init | /security/writableCgroups |
        --device /dev/fuse         | /security/devices/0/permissions | "rwm"
        --device /dev/fuse:/dev/x:r | /security/devices/0/containerPath | "/dev/x"
        --device /dev/fuse:r       | /security/devices/0/permissions | "r"
        -m 64m                     | /resources/memoryBytes          | 67108864
        --memory-reservation 1g    | /resources/memoryReservationBytes | 1073741824
        --memory-swap -1           | /resources/memorySwapBytes      | -1
        --cpus 1.5                 | /resources/cpuQuotaMicros       | 150000
        --cpus 1.5                 | /resources/cpuPeriodMicros      | 100000
        --cpu-shares 512           | /resources/cpuShares            | 512
        -c 512                     | /resources/cpuShares            | 512
        --cpu-quota 5000           | /resources/cpuQuotaMicros       | 5000
        --cpu-period 5000          | /resources/cpuPeriodMicros      | 5000
        --cpuset-cpus 0-1,3        | /resources/cpusetCpus           | "0-1,3"
        --cpuset-mems 0            | /resources/cpusetMems           | "0"
        --pids-limit 10            | /resources/pidsLimit            | 10
        --blkio-weight 100         | /resources/blkioWeight          | 100
        --oom-score-adj -5         | /resources/oomScoreAdj          | -5
        --shm-size 128m            | /resources/shmSizeBytes         | 134217728
        --device-read-bps /dev/sda:1m | /resources/blockDevices/readBps | {"/dev/sda":1048576}
        --device-write-iops /dev/sda:9 | /resources/blockDevices/writeIops | {"/dev/sda":9}
        --blkio-weight-device /dev/sda:50 | /resources/blockDevices/weights | {"/dev/sda":50}
        --cpu-rt-runtime 950       | /resources/cpuRealtimeRuntimeMicros | 950
        --memory-swappiness 10     | /resources/memorySwappiness     | 10
        --oom-kill-disable         | /resources/oomKillDisable       | true
        --cgroup-parent /a/b       | /resources/cgroupParent         | "/a/b"
        --cgroup-manager cgroupfs  | /resources/cgroupManager        | "cgroupfs"
        --cgroup-manager disabled  | /resources/cgroupManager        | "none"
        --best-effort-limits       | /resources/bestEffort           | true
        --cgroup-conf memory.high=5 | /resources/unified             | {"memory.high":"5"}
        --rdt-class c              | /resources/rdtClass             | "c"
        --security-opt mask=/a:/b  | /security/masked                | ["/a","/b"]
        --security-opt unmask=/c   | /security/unmasked              | ["/c"]
        --security-opt unmask=ALL  | /security/systemPathsUnconfined | true
        --security-opt writable-cgroups | /security/writableCgroups  | true
        --unsetenv A               | /process/unsetEnv               | ["A"]
        --unsetenv-all             | /process/unsetEnv               | ["*"]
        --tz Europe/Paris          | /process/timezone               | "Europe/Paris"
        --timeout 5                | /lifecycle/timeoutSeconds       | 5
        --init-path /sbin/i        | /lifecycle/initBinary           | "/sbin/i"
        --pidfile /a/pid           | /lifecycle/pidFile              | "/a/pid"
        --ulimit nofile=1:2        | /resources/ulimits              | {"nofile":"1:2"}
        --rm                       | /lifecycle/autoRemove           | true
        --restart on-failure:3     | /lifecycle/restart              | "on-failure:3"
        --stop-signal USR1         | /lifecycle/stopSignal           | "USR1"
        --stop-timeout 3           | /lifecycle/stopTimeoutSeconds   | 3
        --init                     | /lifecycle/init                 | true
        --runtime runc             | /lifecycle/runtime              | "runc"
        --snapshotter native       | /lifecycle/snapshotter          | "native"
        --log-driver none          | /logging/driver                 | "none"
        --log-opt max-size=1m      | /logging/options                | {"max-size":"1m"}
        --tmpfs /x                 | /mounts/0/type                  | "tmpfs"
        """)
    void flags(String flags, String pointer, String json) {
        JsonNode spec = OciJson.mapper().valueToTree(create(flags.split(" ")));
        JsonNode at = spec.at(pointer);
        String got = at.isMissingNode()
                        || at.isNull()
                        || (json == null && at.asString("x").equals("false"))
                ? null
                : at.toString();
        assertThat(got).isEqualTo(json);
    }

    @Test
    void everythingAfterTheImageIsTheCommand() {
        assertThat(create("--rm").process().command()).containsExactly("cmd", "-x", "--", "--rm");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--what",
                "-Z",
                "--name=-x",
                "--name=a/b",
                "-w=x",
                "--umask=9",
                "--umask=77777",
                "-e==x",
                "--net=ns:relative",
                "--net=host:alias=x",
                "-p=70000:80",
                "--ip=x",
                "--mac-address=x",
                "--pid=what",
                "--ipc=x",
                "--uts=x",
                "--add-host=x",
                "--add-host=x:y z",
                "--sysctl=x",
                "--cap-add=!",
                "--security-opt=what",
                "--security-opt=no-new-privileges=maybe",
                "--security-opt=systempaths=x",
                "--device=x",
                "--device=/dev/a:/dev/b:q",
                "--memory=x",
                "--memory=1m",
                "--cpus=x",
                "--cpus=0",
                "--cpus=0.001",
                "--cpu-shares=x",
                "--cpuset-cpus=a",
                "--oom-score-adj=2000",
                "--blkio-weight=5000",
                "--shm-size=x",
                "--ulimit=x",
                "--restart=sometimes",
                "--stop-timeout=x",
                "--stop-signal=",
                "--log-driver=what",
                "--log-opt==x",
                "--mount=type=bind,src=/nowhere/at/all,dst=/x",
                "-v=x",
                "-v=/tmp:/x:idmap",
                "--mount=type=bind,src=/tmp,dst=/x,idmap",
                "--tmpfs=x",
                "--pull=often",
                "--platform=a/b/c/d",
                "--hostname=a b",
                "--hostname=",
                "--label==x",
                "--env-file=/nowhere",
                "--label-file=/nowhere",
                "--security-opt=seccomp=/nowhere",
                "-a=what",
                "--cpu-period=1",
                "--blkio-weight=5",
                "--blkio-weight-device=sda:100",
                "--device-read-bps=/dev/null:0",
                "--device-write-iops=/dev/null:1m",
                "--memory-swappiness=101",
                "--pids-limit=-2",
                "--device-cgroup-rule=x",
                "--cgroup-conf=memory=1",
                "--cgroup-parent=../x",
                "--security-opt=mask=x",
                "--security-opt=writable-cgroups=maybe",
                "--systemd=perhaps",
                "--gpus=some",
                "--device=vendor.com/class=nothing",
                "--tz=../../etc/passwd",
                "--timeout=-1",
                "--init-binary=x/y"
            })
    void refused(String flag) {
        assertThat(refuse(flag)).startsWith("kelp: error: ");
    }

    @Test
    void aDeviceRuleHasSpaces() {
        assertThat(create("--device-cgroup-rule", "c 1:* rwm").resources().deviceRules())
                .containsExactly("c 1:* rwm");
    }

    @Test
    void excludingFlags() {
        assertThat(refuse("--rm", "--restart", "always")).contains("exclude each other");
        assertThat(refuse("--cpus", "1", "--cpu-quota", "5")).contains("--cpus excludes");
        assertThat(refuse("-m", "64m", "--memory-swap", "32m")).contains("--memory-swap");
        assertThat(refuse("-v", "/tmp:/x", "--tmpfs", "/x")).contains("two mounts on `/x`");
    }

    @Test
    void bindSourcesAreLookedAtByTheClient() throws IOException {
        Files.createDirectory(directory.resolve("src"));
        MountSpec m = create("-v", "./src/../src:/x:ro").mounts().getFirst();
        assertThat(m.source()).isEqualTo(directory.resolve("src").toString());
        assertThat(m.inode())
                .isEqualTo(((Number) Files.getAttribute(directory.resolve("src"), "unix:ino")).longValue());
        assertThat(m.device()).matches("[0-9]+:[0-9]+");
        assertThat(m.options()).containsExactly("ro");
    }

    @Test
    void volumeMakesAMissingSourceMountDoesNot() {
        create("-v", "./new/deep:/x");
        assertThat(directory.resolve("new/deep")).isDirectory();
        assertThat(refuse("--mount", "type=bind,src=./other,dst=/x")).contains("does not exist", "use -v");
        assertThat(directory.resolve("other")).doesNotExist();
    }

    @Test
    void filesOfVariablesAndLabels() throws IOException {
        Files.writeString(directory.resolve("env"), "A=1\n# c\nHERE\nMISSING\n");
        Files.writeString(directory.resolve("labels"), "x=1\ny\n");
        ContainerSpec spec = create("--env-file", "env", "-e", "B=2", "--label-file", "labels", "-l", "x=2");
        assertThat(spec.process().env()).containsExactly("A=1", "HERE=yes", "B=2");
        assertThat(spec.labels()).isEqualTo(Map.of("x", "2", "y", ""));
    }

    @Test
    void seccompProfileIsReadByTheClient() throws IOException {
        Files.writeString(directory.resolve("p.json"), "{}");
        assertThat(create("--security-opt", "seccomp=p.json").security().seccomp())
                .isEqualTo("{}");
    }

    @Test
    void rootfsTakesADirectory() {
        ContainerSpec spec = create("--rootfs");
        assertThat(spec.image()).isNull();
        assertThat(spec.rootfs()).isEqualTo(directory + "/img");
        assertThat(spec.process().command()).isEqualTo(List.of("cmd", "-x", "--", "--rm"));
    }
}
