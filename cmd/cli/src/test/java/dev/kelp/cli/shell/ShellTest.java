// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.cli.ClientContext.AttachEnd;
import dev.kelp.cli.FakeClient;
import dev.kelp.cli.FakeEngine;
import dev.kelp.cli.shell.Commands.Row;
import dev.kelp.engine.Containers.LogEntry;
import dev.kelp.model.ErrorKind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine.Model.OptionSpec;

class ShellTest {
    private final FakeEngine engine = new FakeEngine();

    @TempDir
    private Path directory;

    private FakeClient client;

    private int kelp(String... words) {
        client = new FakeClient(directory, words);
        return Shell.execute(client, engine);
    }

    private int line(String words) {
        return kelp(words.split(" "));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        rn                 | unknown command `kelp rn`            | did you mean `kelp run`?
        image lss          | unknown command `kelp image lss`     | did you mean `kelp image ls`?
        zzzzzzz            | unknown command `kelp zzzzzzz`       | `kelp --help` lists the commands
        ps --al            | unknown flag: --al                   | did you mean --all?
        run --memroy 1g x  | unknown flag: --memroy               | did you mean --memory?
        --what ps          | unknown flag: --what                 | `kelp --help` lists the flags before a command
        --namespce x ps    | unknown flag: --namespce             | did you mean --namespace?
        ps extra           | unexpected argument `extra`          | `kelp ps --help` explains the flags
        stop                | no container is named                | --latest means the one made last
        stop -l             | there is no container                |
        stop -l x           | --latest and names of containers exclude each other |
        rename x            | `kelp rename` needs NAME             | `kelp rename --help` explains the flags
        run                | `kelp run` needs IMAGE               | `kelp run --help` explains the flags
        ps --filter        | flag needs an argument: --filter     | `kelp ps --help` explains the flags
        inspect --type x y | unknown --type `x`                   | use container, image, network, volume, secret
        stop none          | no such container: none              |
        --namespace        | flag needs an argument: --namespace  |
        --cgroup-manager x ps | unknown cgroup manager `x`        | use systemd, cgroupfs or none
        pull UPPER         | invalid reference `UPPER`: the repository name must be lower case |
        """)
    void errorsAndHints(String words, String error, String hint) {
        assertThat(line(words)).isNotZero();
        String expected = "kelp: error: " + error + "\n" + (hint == null ? "" : "kelp: hint: " + hint + "\n");
        assertThat(client.errText()).isEqualTo(expected);
        assertThat(client.outText()).isEmpty();
    }

    @Test
    void aNameThatIsNearIsProposed() {
        engine.images().add("alpine");
        line("create --name webserver alpine");
        line("volume create data");
        line("stop websever");
        assertThat(client.errText()).endsWith("kelp: hint: did you mean `webserver`?\n");
        line("inspect webserve");
        assertThat(client.errText()).endsWith("kelp: hint: did you mean `webserver`?\n");
        line("stop somethingelse");
        assertThat(client.errText()).doesNotContain("hint");
        line("volume inspect dta");
        assertThat(client.errText()).endsWith("kelp: hint: did you mean `data`?\n");
        line("image inspect alpin");
        assertThat(client.errText()).endsWith("kelp: hint: did you mean `alpine`?\n");
        line("namespace inspect defalt");
        assertThat(client.errText()).endsWith("kelp: hint: did you mean `default`?\n");
    }

    @Test
    void latestStandsForTheContainerMadeLast() {
        engine.images().add("img");
        line("create --name one img");
        line("create --name two img");
        assertThat(line("stop --latest")).isZero();
        assertThat(line("logs -l")).isZero();
        assertThat(line("exec -dl sh -c true")).isZero();
        assertThat(engine.containers().exec.command()).containsExactly("sh", "-c", "true");
        assertThat(engine.containers().records.values().stream()
                        .filter(r -> r.name.equals("two"))
                        .findFirst()
                        .orElseThrow()
                        .calls)
                .contains("stop null null");
        assertThat(line("rm -l")).isZero();
        line("ps -a --format {{.Names}}");
        assertThat(client.outText()).isEqualTo("one\n");
        assertThat(line("exec one")).isEqualTo(1);
    }

    @Test
    void coloursOnlyForATerminalThatWantsThem() {
        engine.images().add("img");
        line("create --name x img");
        engine.containers().end("x", 3);
        for (String variable : List.of("", "NO_COLOR=1", "TERM=dumb")) {
            for (boolean terminal : new boolean[] {true, false}) {
                boolean coloured = terminal && variable.isEmpty();
                assertThat(listed(terminal, variable).contains("\u001b[31mExited (3)"))
                        .as(variable + terminal)
                        .isEqualTo(coloured);
                assertThat(client.errText().contains("\u001b[31merror:\u001b[0m"))
                        .as(variable + terminal)
                        .isEqualTo(coloured);
            }
        }
        String plain = listed(false, "");
        assertThat(listed(true, "").replaceAll("\u001b\\[[0-9;]*m", "")).isEqualTo(plain);
    }

    /// What `ps` prints; then the client is one of an error.
    private String listed(boolean terminal, String variable) {
        String text = "";
        for (String[] words : new String[][] {{"ps", "-a"}, {"stop", "none"}}) {
            client = new FakeClient(directory, words);
            client.terminal = terminal;
            if (!variable.isEmpty()) {
                client.variables.put(variable.substring(0, variable.indexOf('=')), variable.replaceFirst(".*=", ""));
            }
            Shell.execute(client, engine);
            text += client.outText();
        }
        return text;
    }

    @ParameterizedTest
    @CsvSource({
        "run --help",
        "ps --help",
        "help run",
        "container ls --help",
        "exec --help x y",
        "--help",
        "image --help",
        "help"
    })
    void help(String words) {
        assertThat(line(words)).isZero();
        assertThat(client.outText()).startsWith("NAME\n    kelp").contains("\nSYNOPSIS\n");
        assertThat(client.outText().lines())
                .allSatisfy(l -> assertThat(l.length()).isLessThanOrEqualTo(140));
    }

    @Test
    void helpOfRunHasItsGroups() {
        line("run --help");
        assertThat(client.outText())
                .contains("\nPROCESS\n    -i, --interactive", "\nSECURITY\n", "\nRESOURCES\n", "\nEXIT STATUS\n")
                .contains("125", "\nEXAMPLES\n")
                .doesNotContain("--insecure-registry");
    }

    /// Every command can be built and explained: a wrong annotation shows here.
    static Stream<Arguments> commands() {
        return Stream.concat(
                Commands.ROOT.stream().map(r -> Arguments.of(List.of(r.name()))),
                Commands.ROOT.stream()
                        .flatMap(r -> r.children().stream()
                                .flatMap(c -> c.names().stream().map(n -> Arguments.of(List.of(r.name(), n))))));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyCommandExplainsItself(List<String> words) {
        assertThat(kelp(Stream.concat(words.stream(), Stream.of("--help")).toArray(String[]::new)))
                .isZero();
        assertThat(client.outText()).contains("kelp " + words.getFirst());
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyFlagIsExplained(List<String> words) {
        kelp(Stream.concat(words.stream(), Stream.of("--help")).toArray(String[]::new));
        Row row = Commands.find(Commands.ROOT, words.getFirst()).orElseThrow();
        if (words.size() > 1) {
            row = Commands.find(row.children(), words.get(1)).orElseThrow();
        }
        if (row.factory() != null) {
            assertThat(Model.of(row).spec().options().stream()
                            .filter(o -> !o.hidden())
                            .map(OptionSpec::longestName))
                    .allSatisfy(name -> assertThat(client.outText()).containsPattern(Pattern.quote(name) + "[ ,\n]"));
        }
    }

    @Test
    void namespaceByFlagBeforeAndAfterAndByVariable() {
        line("-n one create --name a img");
        line("create --namespace two --name b img");
        client = new FakeClient(directory, "create", "--name", "c", "img");
        client.variables.put("CONTAINERD_NAMESPACE", "three");
        Shell.execute(client, engine);
        assertThat(engine.namespaces.get("one").containers.only().name).isEqualTo("a");
        assertThat(engine.namespaces.get("two").containers.only().name).isEqualTo("b");
        assertThat(engine.namespaces.get("three").containers.only().name).isEqualTo("c");
    }

    @Test
    void runDetachedPrintsTheId() {
        assertThat(line("run -d --name web img sleep 5")).isZero();
        assertThat(client.outText()).isEqualTo(engine.containers().only().id + "\n");
        assertThat(engine.images().calls).containsExactly("pull docker.io/library/img:latest");
        assertThat(client.errText()).contains("docker.io/library/img:latest: resolved\n");
        line("run -d -q other");
        assertThat(client.errText()).isEmpty();
    }

    @Test
    void runGivesTheContainersExitCode() {
        engine.images().add("img");
        client = new FakeClient(directory, "run", "--rm", "--name", "x", "img", "false");
        client.attachEnd.complete(AttachEnd.STREAM_ENDED);
        Thread ender = Thread.ofPlatform().start(() -> {
            while (engine.containers().records.isEmpty() || client.attached.isEmpty()) {
                Thread.onSpinWait();
            }
            engine.containers().end("x", 42);
        });
        assertThat(Shell.execute(client, engine)).isEqualTo(42);
        assertThat(ender).isNotNull();
        assertThat(client.attached.getFirst().signals()).isTrue();
        assertThat(client.attached.getFirst().stdin()).isFalse();
        assertThat(client.attached.getFirst().token())
                .isEqualTo("container:default:" + engine.containers().only().id);
        client.signalHandler.accept(15);
        assertThat(engine.containers().only().calls).containsExactly("attach false", "kill 15");
    }

    @Test
    void detachingLeavesZero() {
        client = new FakeClient(directory, "run", "-i", "img");
        client.attachEnd.complete(AttachEnd.DETACHED);
        assertThat(Shell.execute(client, engine)).isZero();
    }

    @Test
    void wrongDetachKeysAreRefusedBeforeAnythingIsMade() {
        assertThat(line("run --detach-keys ctrl-1 img")).isEqualTo(125);
        assertThat(client.errText()).contains("invalid detach keys");
        assertThat(engine.containers().records).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"COMMAND_NOT_FOUND,127", "NOT_EXECUTABLE,126", "INTERNAL,125", "FAILED_PRECONDITION,125"})
    void engineErrorsHaveDockersExitCodes(ErrorKind kind, int code) {
        engine.failStart = kind;
        assertThat(line("run --rm img what")).isEqualTo(code);
        assertThat(engine.containers().records).as("removed again").isEmpty();
    }

    @Test
    void aTakenNameHasAHint() {
        line("create --name a img");
        assertThat(line("run --name a img")).isEqualTo(125);
        assertThat(client.errText()).contains("the name `a` is taken", "hint: remove it with `kelp rm a`");
    }

    @Test
    void pullPolicies() {
        assertThat(line("create --pull never img")).isEqualTo(1);
        assertThat(client.errText()).contains("--pull=never");
        engine.images().add("img");
        line("create img");
        assertThat(engine.images().calls).isEmpty();
        line("create --pull always img");
        assertThat(engine.images().calls).hasSize(1);
        line("create --platform linux/arm64 img");
        assertThat(engine.images().calls).hasSize(2);
        assertThat(engine.images().pullOptions.platforms()).hasToString("[linux/arm64]");
    }

    @Test
    void tNeedsATerminal() {
        assertThat(line("run -it img")).isEqualTo(125);
        assertThat(client.errText()).contains("not a terminal");
        assertThat(line("run -dit img")).isZero();
        assertThat(engine.containers().only().spec.process().terminal()).isTrue();
    }

    @Test
    void cidFile() throws IOException {
        assertThat(line("create --cidfile id img")).isZero();
        assertThat(directory.resolve("id")).hasContent(engine.containers().only().id);
        assertThat(line("create --cidfile id img")).isEqualTo(1);
        assertThat(client.errText()).contains("the id file `id` exists");
    }

    @Test
    void ps() {
        line("create --name a img");
        line("run -d --name b -l k=v img sleep 1000000000000000000");
        line("ps");
        List<String> lines = client.outText().lines().toList();
        assertThat(lines.getFirst().split(" {2,}"))
                .containsExactly("CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES");
        assertThat(lines).hasSize(2);
        assertThat(lines.get(1))
                .contains("\"sleep 1000000000000…\"", "About an hour ago", "Up 5 minutes")
                .endsWith("b");
        line("ps -aq --no-trunc");
        assertThat(client.outText().lines())
                .allMatch(l -> l.matches("[0-9a-f]{64}"))
                .hasSize(2);
        kelp("ps", "-a", "--format", "{{.Names}} {{.State}} {{.Label \"k\"}}");
        assertThat(client.outText()).isEqualTo("b running v\na created \n");
        line("ps --filter status=created --format {{.Names}}");
        assertThat(client.outText()).isEqualTo("a\n");
        line("ps -n 1 --format {{.Names}}");
        assertThat(client.outText()).isEqualTo("b\n");
        line("ps --filter what=x");
        assertThat(client.errText()).contains("unknown filter `what`");
    }

    @Test
    void images() {
        engine.images().add("busybox");
        engine.images().add("localhost:5000/app:1");
        line("images");
        List<String> lines = client.outText().lines().toList();
        assertThat(lines.getFirst().split(" {2,}"))
                .containsExactly("REPOSITORY", "TAG", "IMAGE ID", "CREATED", "PLATFORM", "SIZE", "BLOB SIZE");
        assertThat(lines.get(1).split(" {2,}"))
                .contains("busybox", "latest", "About a minute ago", "linux/amd64", "4.2 MiB", "2.1 MiB");
        line("image ls app");
        assertThat(client.outText().lines()).hasSize(1);
        line("images localhost:5000/app -q");
        assertThat(client.outText()).matches("[0-9a-f]{12}\n");
        line("images --filter reference=busy* --format {{.Repository}}");
        assertThat(client.outText()).isEqualTo("busybox\n");
    }

    @Test
    void inspect() {
        line("create --name web -v data:/d --memory 64m -e A=b img");
        line("inspect web");
        assertThat(client.outText())
                .startsWith("[\n    {\n        \"Id\": \"")
                .contains("\"Name\": \"/web\"", "\"Memory\": 67108864");
        kelp(
                "inspect",
                "-f",
                "{{.State.Status}} {{.HostConfig.NetworkMode}} {{json .Config.Env}} {{(index .Mounts 0).Destination}}",
                "web");
        assertThat(client.outText()).isEqualTo("created bridge [\"A=b\"] /d\n");
        line("inspect --mode native -f {{.Kelp.Definition.process.env}} web");
        assertThat(client.outText()).isEqualTo("[A=b]\n");
        kelp("inspect", "--format", "{{.Architecture}}", "img");
        assertThat(client.outText()).isEqualTo("amd64\n");
        assertThat(line("inspect none")).isEqualTo(1);
        assertThat(client.outText()).isEqualTo("[]\n");
        assertThat(client.errText()).contains("no such object: none");
    }

    @Test
    void logs() {
        line("create --name a img");
        byte[] half = "half".getBytes(StandardCharsets.UTF_8);
        byte[] rest = " line\nnext\n".getBytes(StandardCharsets.UTF_8);
        Instant t = Instant.ofEpochSecond(0, 1);
        engine.containers().log =
                List.of(new LogEntry(t, false, half), new LogEntry(t, true, half), new LogEntry(t, false, rest));
        line("logs --tail 5 a");
        assertThat(client.outText()).isEqualTo("half line\nnext\n");
        assertThat(client.errText()).isEqualTo("half");
        assertThat(engine.containers().logOptions.tail()).isEqualTo(5);
        line("logs -t a");
        String z = "1970-01-01T00:00:00.000000001Z ";
        assertThat(client.outText()).isEqualTo(z + "half line\n" + z + "next\n");
        assertThat(line("logs --tail x a")).isEqualTo(1);
    }

    @Test
    void exec() {
        line("run -d --name a img");
        engine.containers().execExit.complete(3);
        assertThat(line("exec -i -e A=1 -w /x -u 5 a ls -l -- x")).isEqualTo(3);
        assertThat(engine.containers().exec.command()).containsExactly("ls", "-l", "--", "x");
        assertThat(engine.containers().exec.env()).containsExactly("A=1");
        assertThat(client.attached.getFirst().stdin()).isTrue();
        assertThat(line("exec a")).isEqualTo(1);
    }

    @Test
    void severalContainersEachGetTheirTurn() {
        line("create --name a img");
        line("create --name b img");
        assertThat(line("rm a none b")).isEqualTo(1);
        assertThat(client.outText()).isEqualTo("a\nb\n");
        assertThat(client.errText()).isEqualTo("kelp: error: no such container: none\n");
    }

    @Test
    void longWordsAreCutInErrors() {
        assertThat(kelp("inspect", "x".repeat(100_000))).isEqualTo(1);
        assertThat(client.errText()).startsWith("kelp: error: ").hasSizeLessThan(5000);
    }

    @Test
    void flagsMayStandAfterArguments() {
        assertThat(kelp("volume", "create", "files", "--label", "a=b")).isZero();
        assertThat(kelp("stop", "no-such", "--ignore")).isZero();
        assertThat(kelp("rm", "no-such", "-i")).isZero();
        assertThat(kelp("ps", "--debug=false")).isZero();
    }

    @Test
    void stopPassesItsFlags() {
        line("create --name a img");
        line("stop -t 3 -s HUP a");
        line("restart a");
        line("kill -s USR1 a");
        assertThat(engine.containers().only().calls)
                .containsExactly("stop 3 HUP", "rebind", "giveMounts", "restart null null", "kill USR1");
    }

    @Test
    void waitPrintsCodes() {
        line("create --name a img");
        engine.containers().end("a", 137);
        line("wait a");
        assertThat(client.outText()).isEqualTo("137\n");
    }

    @Test
    void loginAsksOrReads() {
        assertThat(line("login registry.example")).isEqualTo(1);
        assertThat(client.errText()).contains("there is no terminal");
        client = new FakeClient(directory, "login", "-u", "me", "--password-stdin", "registry.example");
        client.stdin = "secret\n";
        assertThat(Shell.execute(client, engine)).isZero();
        assertThat(engine.images().calls).containsExactly("login registry.example me secret");
        assertThat(client.outText()).isEqualTo("Login Succeeded\n");
    }

    @Test
    void saveAndLoad() throws IOException {
        engine.images().add("img");
        assertThat(line("save img")).isZero();
        assertThat(client.outText()).isEqualTo("tar");
        assertThat(line("save -o f.tar img")).isZero();
        assertThat(directory.resolve("f.tar")).hasContent("tar");
        Files.writeString(directory.resolve("in.tar"), "loaded:1");
        assertThat(line("load -i in.tar")).isZero();
        assertThat(client.outText()).isEqualTo("Loaded image: loaded:1\n");
        assertThat(line("load")).isEqualTo(1);
        client = new FakeClient(directory, "save", "img");
        client.terminal = true;
        assertThat(Shell.execute(client, engine)).isEqualTo(1);
    }

    @Test
    void versionAndInfo() {
        line("--version");
        assertThat(client.outText()).isEqualTo("kelp version 0.1.0\n");
        line("version --format {{.Server.Version}}");
        assertThat(client.outText()).isEqualTo("0.1.0\n");
        line("info");
        assertThat(client.outText()).contains(" Storage Driver: overlayfs\n", " Total Memory:     4.0 GiB\n");
        assertThat(client.errText()).contains("WARNING: no cgroup delegation");
        line("info --format {{.Driver}}_{{.CgroupVersion}}_{{.NCPU}}_{{.SecurityOptions}}");
        assertThat(client.outText())
                .isEqualTo("overlayfs_2_2_[name=seccomp,profile=builtin name=cgroupns name=rootless]\n");
        line("info --mode native --format {{.Snapshotter}}_{{.Rootless}}_{{.Daemon.Version.Version}}");
        assertThat(client.outText()).isEqualTo("overlayfs_true_0.1.0\n");
        assertThat(line("info --mode other")).isEqualTo(1);
        line("namespace ls -q");
        assertThat(client.outText()).isEqualTo("default\n");
    }

    @Test
    void debugPrintsTheCause() {
        line("--debug stop none");
        assertThat(client.errText()).contains("\tat dev.kelp.");
    }

    @Test
    void tagAndRemoveImage() {
        engine.images().add("img");
        line("tag img other:2");
        assertThat(engine.images().calls).containsExactly("tag img docker.io/library/other:2");
        line("rmi img");
        assertThat(client.outText()).startsWith("Untagged: img\nDeleted: sha256:");
        assertThat(line("rmi img")).isEqualTo(1);
        assertThat(line("rmi -f img")).isZero();
    }

    @Test
    void allTagsArePulledAndPushed() {
        assertThat(line("pull -q -a reg.example/app")).isZero();
        assertThat(client.outText()).isEqualTo("reg.example/app:1\nreg.example/app:2\n");
        assertThat(line("push -q --all-tags reg.example/app")).isZero();
        assertThat(client.outText()).isEqualTo("reg.example/app:1\nreg.example/app:2\n");
        assertThat(line("push -a reg.example/none")).isEqualTo(1);
        assertThat(line("pull -a reg.example/app:1")).isEqualTo(1);
        assertThat(client.errText()).contains("tag can't be used with --all-tags/-a");
    }

    @Test
    void searchSortsByStarsAndShortens() {
        assertThat(line("search nginx")).isZero();
        assertThat(client.outText().lines().toList())
                .containsExactly(
                        "NAME          DESCRIPTION                                      STARS    OFFICIAL",
                        "nginx         the real one                                     90       [OK]",
                        "team/nginx    aéaéaéaéaéaéaéaéaéaéaéaéaéaéaéaéaéaéaéaéaéaé…    3        ");
        assertThat(line("search --filter stars=10 --filter is-official=true --format {{.Name}} nginx"))
                .isZero();
        assertThat(client.outText()).isEqualTo("nginx\n");
        assertThat(line("search --filter stars=x nginx")).isEqualTo(1);
        assertThat(line("search --filter what=x nginx")).isEqualTo(1);
    }

    @Test
    void conversions() {
        assertThat(line("image convert --oci --zstd --zstd-compression-level 9 a b"))
                .isZero();
        assertThat(client.outText()).startsWith("sha256:");
        assertThat(line("image convert a b")).isEqualTo(1);
        assertThat(line("image convert --zstd --uncompress a b")).isEqualTo(1);
        assertThat(line("image convert --zstd --zstd-compression-level 30 a b")).isEqualTo(1);
        assertThat(line("image convert --estargz a b")).isEqualTo(1);
        assertThat(client.errText()).contains("lazy pulling").contains("use --oci, --uncompress or --zstd");
    }

    @Test
    void aSignedImageIsFetchedByWhatWasSigned() throws IOException {
        Files.writeString(directory.resolve("cosign.pub"), "KEY");
        assertThat(line("pull -q --verify=cosign --cosign-key cosign.pub reg.example/app:1"))
                .isZero();
        List<String> calls = engine.namespace("default").images.calls;
        assertThat(calls.get(0)).isEqualTo("verify reg.example/app:1 KEY");
        assertThat(calls.get(1)).startsWith("pull reg.example/app:1@sha256:");
        assertThat(calls.get(2)).startsWith("tag reg.example/app:1@sha256:").endsWith(" reg.example/app:1");
        assertThat(calls.get(3)).startsWith("untag ");
        assertThat(line("pull --verify=cosign reg.example/app:1")).isEqualTo(1);
        assertThat(line("pull --verify=notation reg.example/app:1")).isEqualTo(1);
        assertThat(line("pull --cosign-key cosign.pub reg.example/app:1")).isEqualTo(1);
        assertThat(line("pull --verify=cosign --cosign-key none reg.example/app:1"))
                .isEqualTo(1);
        assertThat(line("run --verify=what app")).isEqualTo(125);
        assertThat(calls).as("nothing was fetched").hasSize(4);
    }
}
