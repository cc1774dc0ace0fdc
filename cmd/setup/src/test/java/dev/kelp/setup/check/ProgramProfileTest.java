// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.check;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kelp.model.container.AppArmorProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProgramProfileTest {
    private static final String HASH = "0123456789abcdef0123456789abcdef";

    @Test
    void ofThePackage() {
        ProgramProfile p = ProgramProfile.of("/usr/lib/kelp/bin/kelp");
        assertThat(p.fileName()).isEqualTo("usr.lib.kelp.bin.kelp");
        assertThat(p.text())
                .contains("profile kelp /usr/lib/kelp/bin/kelp flags=(unconfined) {\n  userns,\n")
                .contains("include if exists <local/usr.lib.kelp.bin.kelp>");
    }

    @Test
    void ofABuildMeansTheNextOneToo() {
        ProgramProfile p = ProgramProfile.of("/home/alice/.local/share/kelp/runtime/" + HASH + "/bin/kelp");
        assertThat(p.program()).isEqualTo("/home/alice/.local/share/kelp/runtime/*/bin/kelp");
        assertThat(p.fileName()).isEqualTo("home.alice..local.share.kelp.runtime.bin.kelp");
        assertThat(p.text())
                .contains("profile kelp." + p.fileName()
                        + " /home/alice/.local/share/kelp/runtime/*/bin/kelp flags=(unconfined) {");
    }

    @Test
    void whatMeansSomethingToAppArmorIsQuoted() {
        ProgramProfile p = ProgramProfile.of("/opt/a b{1,2}/bin/kelp");
        assertThat(p.fileName()).isEqualTo("opt.a_b__1_2__.bin.kelp");
        assertThat(p.text()).contains(" \"/opt/a b\\{1,2\\}/bin/kelp\" flags=(unconfined) {");
    }

    /// The parser's own word, without the kernel's.
    @ParameterizedTest
    @ValueSource(strings = {"/usr/lib/kelp/bin/kelp", "/opt/a b{1,2}/bin/kelp", "containers"})
    void theParserTakesIt(String program, @TempDir Path folder) throws IOException, InterruptedException {
        Path parser = Path.of("/usr/sbin/apparmor_parser");
        assumeTrue(Files.isExecutable(parser), parser + " is there");
        // a parser before 4.0 has no such rule
        String text = program.equals("containers")
                ? AppArmorProfile.TEXT
                : ProgramProfile.of(program).text();
        boolean old = !Files.exists(Path.of(ProgramProfile.ABI));
        Path file = Files.writeString(
                folder.resolve("profile"),
                old ? text.replace("abi/4.0", "abi/3.0").replace("  userns,\n", "") : text);
        Path log = folder.resolve("log");
        Process process = new ProcessBuilder(parser.toString(), "-Q", "-K", "-S", file.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(() -> read(log)).isZero();
    }

    private static String read(Path file) {
        try {
            return new String(Files.readAllBytes(file), java.nio.charset.StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
