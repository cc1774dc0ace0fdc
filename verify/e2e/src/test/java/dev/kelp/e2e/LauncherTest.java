// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import dev.kelp.testkit.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The life of a launcher's command: namespaces, files, signals, exit codes.
@Tag("e2e")
class LauncherTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final String ALL = "dev.kelp.e2e.Launcher#all";
    private static final String[] PLAIN = {};
    private static final String[] PIDNS = {"--pidns"};
    private static final String[] NO_REAPER = {"--pidns", "--reaper=false"};

    /// Says that it runs and waits for a signal.
    private static final String TRAP =
            "trap 'echo TERM; exit 7' TERM; trap 'echo INT; exit 8' INT; touch $ROOTLESSKIT_STATE_DIR/up;"
                    + " while :; do sleep 0.05; done";

    @TempDir
    private Path folder;

    @BeforeAll
    static void ordinaryUser() {
        Launcher.requireOrdinaryUser();
    }

    private Path state() {
        return folder.resolve("state");
    }

    private static void awaitFile(Path file) {
        Waiting.until(SOON, file + " is there", () -> Files.exists(file), () -> "it is not");
    }

    private static String namespace(String kind) throws IOException {
        return Files.readSymbolicLink(Path.of("/proc/self/ns/" + kind)).toString();
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void theExitCodeIsTheCommands(Launcher launcher) {
        for (String[] flags : List.of(PLAIN, PIDNS, NO_REAPER)) {
            Outcome failed = launcher.shell("exit 42", flags).expect(42);
            assertThat(failed.err()).contains("[rootlesskit:parent] error: child exited: exit status 42");
        }
        for (String[] flags : List.of(PLAIN, PIDNS)) {
            assertThat(launcher.shell("kill -USR1 $$; sleep 9", flags)
                            .expect(255)
                            .err())
                    .contains("user defined signal 1");
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void aCommandThatIsNotThereIsNamed(Launcher launcher) {
        assertThat(launcher.run("no-such-program").expect(1).err())
                .contains("no-such-program")
                .contains("executable file not found in $PATH");
        assertThat(launcher.run("--pidns", "no-such-program").expect(1).err())
                .contains("error: ")
                .contains("no-such-program");
        assertThat(launcher.run().expect(1).err()).contains("error: no command specified");
        assertThat(launcher.run("--no-such-flag", "true").expect(1).err())
                .contains("flag provided but not defined: -no-such-flag");
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void theUserIsRootWithSubordinateIds(Launcher launcher) {
        for (String source : List.of("dynamic", "static")) {
            Outcome seen = launcher.shell("id -u; id -g; cat /proc/self/uid_map", "--subid-source=" + source)
                    .succeeded();
            assertThat(seen.lines().subList(0, 2)).containsExactly("0", "0");
            assertThat(seen.lines().get(2).strip().split(" +"))
                    .containsExactly("0", Program.of("id", "-u").run().text(), "1");
            assertThat(seen.lines().get(3).strip().split(" +")[0]).isEqualTo("1");
        }
        assertThat(launcher.run("--subid-source=moon", "true").exitCode()).isEqualTo(1);
        // whoever is root may give files to others and mount
        launcher.shell("mount -t tmpfs none /mnt && touch /mnt/f && chown 7:7 /mnt/f")
                .succeeded();
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void variablesTellWhereItIsAndWhoCalled(Launcher launcher) {
        Outcome seen = launcher.command("--state-dir=" + state(), "env")
                .environment(Map.of("OWN", "a\nb", "LISTEN_PID", ""))
                .run()
                .succeeded();
        assertThat(seen.lines())
                .contains("ROOTLESSKIT_STATE_DIR=" + state())
                .contains("ROOTLESSKIT_PARENT_EUID="
                        + Program.of("id", "-u").run().text())
                .contains("ROOTLESSKIT_PARENT_EGID="
                        + Program.of("id", "-g").run().text())
                .contains("OWN=a");
        assertThat(seen.out()).doesNotContain("KELP_ROOT=", "KELP_HOST_UID=", "KELP_LAUNCH_ERROR=");
        assertThat(state()).doesNotExist();
        String own = launcher.shell("echo $ROOTLESSKIT_STATE_DIR; ls $ROOTLESSKIT_STATE_DIR")
                .text();
        assertThat(own).startsWith("/tmp/rootlesskit").contains("api.sock").contains("lock");
        assertThat(Path.of(own.lines().findFirst().orElseThrow())).doesNotExist();
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void signalsReachTheCommand(Launcher launcher) {
        receives(launcher, "TERM", 7, PLAIN);
        receives(launcher, "INT", 8, PIDNS);
        receives(launcher, "TERM", 7, NO_REAPER);
    }

    private void receives(Launcher launcher, String signal, int code, String... flags) {
        try (Launcher.Running running = launcher.start(state(), TRAP, flags)) {
            awaitFile(state().resolve("up"));
            running.signal(signal);
            assertThat(running.await().expect(code).text()).isEqualTo(signal);
        }
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void aStateDirectoryIsForOne(Launcher launcher) throws IOException {
        try (Launcher.Running running = launcher.start(state(), TRAP)) {
            awaitFile(state().resolve("up"));
            assertThat(state().resolve("lock")).exists();
            assertThat(state().resolve("api.sock")).exists();
            assertThat(Files.readSymbolicLink(Path.of("/proc/" + running.child() + "/ns/user"))
                            .toString())
                    .isNotEqualTo(namespace("user"));
            assertThat(launcher.run("--state-dir=" + state(), "true").expect(1).err())
                    .contains("lock " + state().resolve("lock"))
                    .contains("another");
            running.signal("TERM");
            running.await().expect(7);
        }
        assertThat(state()).doesNotExist();
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void nothingOutlivesALauncherThatIsKilled(Launcher launcher) {
        String[] network = {"--net=slirp4netns", "--port-driver=builtin"};
        List<Long> processes;
        try (Launcher.Running running = launcher.start(state(), TRAP, network[0], network[1], "--pidns")) {
            awaitFile(state().resolve("up"));
            processes = running.processes();
            assertThat(processes).hasSizeGreaterThan(3);
        }
        processes.forEach(Leftovers::awaitEnd);
        // what it has left in its state directory does not hinder the next
        String ask = launcher.folder().resolve("rootlessctl").toString();
        Outcome next = launcher.run("--state-dir=" + state(), network[0], network[1], ask, "list-ports");
        assertThat(next.succeeded().lines()).hasSize(1);
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void copiedUpFoldersAreWritable(Launcher launcher) {
        String script = "echo 127.0.0.1 new > /etc/new && grep -q new /etc/new && grep -q ^root: /etc/passwd"
                + " && rm /etc/passwd && test ! -e /etc/passwd && test -L /etc/hostname && rm -rf /run/lock"
                + " && mkdir /run/lock && stat -f -c %T /etc /run";
        for (String propagation : List.of("rprivate", "rslave")) {
            Outcome seen = launcher.shell(script, "--copy-up=/etc", "--copy-up=/run", "--propagation=" + propagation);
            assertThat(seen.succeeded().lines()).containsExactly("tmpfs", "tmpfs");
        }
        assertThat(Path.of("/etc/passwd")).exists();
        assertThat(Path.of("/etc/new")).doesNotExist();
        assertThat(launcher.run("--copy-up=/etc", "--propagation=rshared", "true")
                        .expect(1)
                        .err())
                .contains("propagation")
                .contains("rshared");
        assertThat(launcher.run("--copy-up=/no/such", "true").expect(1).err()).contains("/no/such");
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void namespacesAreThoseAskedFor(Launcher launcher) throws IOException {
        String script = "for n in user mnt pid cgroup uts ipc net; do readlink /proc/self/ns/$n; done; hostname inside";
        List<String> plain = launcher.shell(script).lines();
        List<String> all = launcher.shell(script, "--pidns", "--cgroupns", "--utsns", "--ipcns")
                .lines();
        for (String kind : List.of("user", "mnt")) {
            assertThat(plain).noneMatch(namespace(kind)::equals);
        }
        for (String kind : List.of("pid", "cgroup", "uts", "ipc")) {
            assertThat(plain).contains(namespace(kind));
            assertThat(all).noneMatch(namespace(kind)::equals);
        }
        assertThat(plain).contains(namespace("net"));
        assertThat(all).contains(namespace("net")).hasSize(7);
        assertThat(Program.of("hostname").run().text()).isNotEqualTo("inside");
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void orphansAreReapedWhereThatIsAskedFor(Launcher launcher) {
        String orphan = """
                orphan() { sh -c 'sleep 0.05 >/dev/null & echo $!'; }
                await() { n=0; until eval "$1"; do n=$((n + 1)); [ $n -lt 1000 ] || exit 9; sleep 0.01; done; }
                first=$(orphan)
                """;
        String reaped = orphan + "await '[ ! -e /proc/$first ]' && echo gone";
        // what reaps late would have taken the first before the second has ended
        String left = orphan + """
                ended='grep -q "^State:.Z" /proc/%s/status 2>/dev/null'
                await "$(printf "$ended" $first)"
                second=$(orphan)
                await "$(printf "$ended" $second)"
                eval "$(printf "$ended" $first)" && echo left
                """;
        assertThat(launcher.shell(reaped, "--pidns").text()).isEqualTo("gone");
        assertThat(launcher.shell(left, "--pidns", "--reaper=false").text()).isEqualTo("left");
        assertThat(launcher.run("--reaper=true", "true").expect(1).err()).contains("requires --pidns");
    }

    /// RootlessKit does so in later versions than Debian's.
    @Test
    void socketActivationIsPassedOn() {
        Launcher launcher = Launcher.kelp();
        String inside = "test \"$LISTEN_PID\" = $$ && test $LISTEN_FDS = 2 && readlink /proc/self/fd/3 /proc/self/fd/4";
        Outcome seen = Program.of(
                        "bash",
                        "-c",
                        "exec 3</dev/zero 4</dev/full; export LISTEN_PID=$$ LISTEN_FDS=2; exec \"$0\" sh -c \"$1\"",
                        launcher.folder().resolve("rootlesskit").toString(),
                        inside)
                .run()
                .succeeded();
        assertThat(seen.lines()).containsExactly("/dev/zero", "/dev/full");
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void wordsAndInputPassThroughUnchanged(Launcher launcher) {
        Outcome seen = Program.of(
                        "sh",
                        "-c",
                        "\"$0\" sh -c 'printf %s \"$1\" | od -An -tx1; cat; pwd' x \"$(printf 'a\\377 b')\"",
                        launcher.folder().resolve("rootlesskit").toString())
                .directory(folder)
                .input("typed\n")
                .run()
                .succeeded();
        assertThat(seen.lines().stream().map(String::strip)).containsExactly("61 ff 20 62", "typed", folder.toString());
    }

    @ParameterizedTest
    @MethodSource(ALL)
    void processesAreMovedOutOfTheirGroup(Launcher launcher) throws IOException {
        Path group = Program.of(
                        "sh",
                        "-c",
                        "grep ' - cgroup2 ' /proc/self/mountinfo | cut -d' ' -f5; sed -n s/^0::/./p"
                                + " /proc/self/cgroup")
                .run()
                .lines()
                .stream()
                .map(Path::of)
                .reduce(Path.of("/"), Path::resolve)
                .normalize();
        assumeThat(Files.isWritable(group) && Files.isWritable(group.resolve("cgroup.procs")))
                .as("the own group of cgroup2, " + group + ", is delegated to this user")
                .isTrue();
        Path own = Files.createDirectory(
                group.resolve("launcher-" + launcher + ProcessHandle.current().pid()));
        try {
            Outcome seen = Program.of(
                            "sh",
                            "-c",
                            "echo $$ >\"$0/cgroup.procs\" && exec \"$1\" --cgroupns --pidns --evacuate-cgroup2=evac"
                                    + " grep ^0:: /proc/self/cgroup",
                            own.toString(),
                            launcher.folder().resolve("rootlesskit").toString())
                    .run();
            assertThat(seen.succeeded().text()).isEqualTo("0::/evac");
        } finally {
            Waiting.until(SOON, own + " is empty", () -> removed(own), () -> "it is not");
        }
    }

    private static boolean removed(Path group) {
        return Program.of("sh", "-c", "rmdir \"$0\"/evac \"$0\" 2>/dev/null; test ! -d \"$0\"", group.toString())
                        .run()
                        .exitCode()
                == 0;
    }

    /// Mounts made outside afterwards are seen where they are to be. Outside is a launcher's namespace itself,
    /// since
    /// only root may mount there.
    @Test
    void propagationIsTheOneAskedFor() {
        Launcher kelp = Launcher.kelp();
        String script = """
                mkdir "$D/a" && mount --bind "$D" "$D" && mount --make-rshared "$D" || exit 9
                "$R" --state-dir="$D/s" --propagation=$P sh -c 'until test -e "$D/go"; do sleep 0.02; done
                    grep -c " $D/a " /proc/self/mountinfo' &
                until test -e "$D/s/child_pid"; do sleep 0.02; done
                mount -t tmpfs none "$D/a" && touch "$D/go" && wait $!
                """;
        for (var expected : Map.of("rslave", "1", "rprivate", "0").entrySet()) {
            Path own = folder.resolve(expected.getKey());
            Outcome seen = kelp.command("sh", "-c", "mkdir \"$D\";" + script)
                    .environment(Map.of(
                            "D", own.toString(),
                            "R", kelp.folder().resolve("rootlesskit").toString(),
                            "P", expected.getKey()))
                    .run();
            assertThat(seen.text()).as(seen.toString()).isEqualTo(expected.getValue());
        }
    }

    /// Root of a user namespace has no subordinate ids of its own.
    @Test
    void aLauncherInALauncherHasOneIdAndSaysSo() {
        Launcher kelp = Launcher.kelp();
        Outcome seen = kelp.run(
                kelp.folder().resolve("rootlesskit").toString(), "sh", "-c", "id -u; wc -l < /proc/self/uid_map");
        assertThat(seen.succeeded().lines()).containsExactly("0", "1");
        assertThat(seen.err())
                .contains("only one id is mapped")
                .contains("uidmap")
                .doesNotContain("fetching");
    }

    @Test
    void theHelpPageHasTheFlagsScriptsLookFor() {
        Launcher kelp = Launcher.kelp();
        assertThat(kelp.run("--help").succeeded().out())
                .contains("NAME:", "USAGE:", "--detach-netns", "--evacuate-cgroup2", "--slirp4netns-sandbox");
        assertThat(kelp.run("--version").succeeded().text()).matches("rootlesskit version \\d+\\.\\d+\\.\\d+.*");
        assertThat(kelp.run("--print-semver=major").succeeded().text()).matches("\\d+");
        assertThat(kelp.run("--print-semver=moon").expect(1).err()).contains("moon");
    }
}
