// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.setup.AppArmorCommand.Installation;
import dev.kelp.setup.check.ProgramProfile;
import dev.kelp.setup.check.Programs;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AppArmorCommandTest {
    private static final ProgramProfile PROFILE = ProgramProfile.of(ProgramProfile.PACKAGED);

    @TempDir
    private Path root;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final List<String> ran = new ArrayList<>();
    private int code;

    @BeforeEach
    void machineWithAppArmor() throws IOException {
        file("sys/module/apparmor/parameters/enabled", "Y\n");
        file("etc/apparmor.d/abi/4.0", "");
    }

    private Path file(String name, String text) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    private Installation installation() {
        PrintStream stream = new PrintStream(out, true, StandardCharsets.UTF_8);
        Programs programs = command -> {
            ran.add(String.join(" ", command).replace(root.toString(), ""));
            return new Programs.Answer(code, "syntax error\n");
        };
        return new Installation(new Console(stream, stream, false), programs, root);
    }

    private List<String> said() {
        List<String> lines = out.toString(StandardCharsets.UTF_8)
                .replace(root.toString(), "")
                .lines()
                .toList();
        out.reset();
        return lines;
    }

    @Test
    void bothAreInstalledAndLoadedAgainAndAgain() throws IOException {
        assertThat(installation().install(PROFILE)).isZero();
        assertThat(said())
                .containsExactly(
                        "[INFO] Installed and loaded: /etc/apparmor.d/usr.lib.kelp.bin.kelp",
                        "[INFO] Installed and loaded: /etc/apparmor.d/kelp-default");
        assertThat(installation().install(PROFILE)).isZero();
        assertThat(said()).allMatch(line -> line.startsWith("[INFO] Unchanged and loaded: "));
        assertThat(root.resolve("etc/apparmor.d/usr.lib.kelp.bin.kelp")).hasContent(PROFILE.text());
        assertThat(ran).contains("apparmor_parser -r -W /etc/apparmor.d/kelp-default");
        try (var left = Files.list(root.resolve("etc/apparmor.d"))) {
            assertThat(left.map(p -> p.getFileName().toString()))
                    .containsExactlyInAnyOrder("abi", "usr.lib.kelp.bin.kelp", "kelp-default");
        }
    }

    @Test
    void whatSomebodyChangedStays() throws IOException {
        file("etc/apparmor.d/kelp-default", "# ours\n");
        assertThat(installation().install(PROFILE)).isZero();
        assertThat(root.resolve("etc/apparmor.d/kelp-default")).hasContent("# ours\n");
        assertThat(ran).contains("apparmor_parser -r -W /etc/apparmor.d/kelp-default");
        assertThat(said())
                .last()
                .asString()
                .startsWith("[WARNING] Loaded as it is")
                .contains("mv /etc/apparmor.d/kelp-default /etc/apparmor.d/kelp-default.orig");
    }

    /// One of an older Kelp; `local/` is there for changes.
    @Test
    void theProgramsProfileIsBroughtUpToDate() throws IOException {
        file("etc/apparmor.d/" + PROFILE.fileName(), PROFILE.text() + "# older\n");
        assertThat(installation().install(PROFILE)).isZero();
        assertThat(root.resolve("etc/apparmor.d/" + PROFILE.fileName())).hasContent(PROFILE.text());
    }

    @Test
    void whatWasInstalledGoes() throws IOException {
        installation().install(PROFILE);
        assertThat(installation().remove(PROFILE)).isZero();
        assertThat(root.resolve("etc/apparmor.d/usr.lib.kelp.bin.kelp")).doesNotExist();
        assertThat(root.resolve("etc/apparmor.d/kelp-default")).doesNotExist();
        assertThat(ran).contains("apparmor_parser -R /etc/apparmor.d/kelp-default");
        said();
        assertThat(installation().remove(PROFILE)).isZero();
        assertThat(said()).allMatch(line -> line.startsWith("[INFO] Not there: "));
    }

    @Test
    void anOldAppArmorGetsNoRuleItDoesNotKnow() throws IOException {
        Files.delete(root.resolve("etc/apparmor.d/abi/4.0"));
        assertThat(installation().install(PROFILE)).isZero();
        assertThat(root.resolve("etc/apparmor.d/usr.lib.kelp.bin.kelp")).doesNotExist();
        assertThat(root.resolve("etc/apparmor.d/kelp-default")).exists();
    }

    @Test
    void withoutAppArmorNothingIsDone() throws IOException {
        file("sys/module/apparmor/parameters/enabled", "N\n");
        assertThat(installation().install(PROFILE)).isZero();
        assertThat(said()).containsExactly("[INFO] AppArmor is off on this machine: nothing to do");
        assertThat(ran).isEmpty();
    }

    @Test
    void whatTheParserRefusesIsTold() throws IOException {
        code = 1;
        assertThat(installation().install(PROFILE)).isEqualTo(1);
        assertThat(said()).contains("[ERROR] Loading /etc/apparmor.d/kelp-default failed: syntax error");
    }

    @Test
    void withoutTheParserItsPackageIsNamed() throws IOException {
        code = Programs.NOT_RUN;
        assertThat(installation().install(PROFILE)).isEqualTo(1);
        assertThat(said()).singleElement().asString().endsWith("apt-get install apparmor");
    }
}
