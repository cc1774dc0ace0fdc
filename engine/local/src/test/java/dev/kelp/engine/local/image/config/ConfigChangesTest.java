// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import dev.kelp.model.oci.ImageConfig.Execution;
import dev.kelp.model.oci.ImageConfig.Healthcheck;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ConfigChangesTest {
    private static Execution apply(String... instructions) {
        return ConfigChanges.apply(Execution.EMPTY, List.of(instructions));
    }

    @Test
    void commandsInBothForms() {
        assertThat(apply("CMD [\"a b\", \"c\"]").cmd()).containsExactly("a b", "c");
        assertThat(apply("cmd  echo $HOME 'x'").cmd()).containsExactly("/bin/sh", "-c", "echo $HOME 'x'");
        Execution e = apply("CMD [\"old\"]", "ENTRYPOINT [\"run\"]");
        assertThat(e.entrypoint()).containsExactly("run");
        assertThat(e.cmd()).isNull();
        assertThat(apply("CMD [not json").cmd()).containsExactly("/bin/sh", "-c", "[not json");
    }

    @Test
    void variablesAndLabels() {
        Execution e = apply(
                "ENV PATH=/bin",
                "ENV A=1 B=\"two words\" C='$A'",
                "ENV D the rest  of it",
                "ENV PATH=$PATH:${A}",
                "LABEL x=y \"a b\"=\"${D}\" none=${NO:-otherwise} some=${A:+set}");
        assertThat(e.env()).containsExactly("PATH=/bin:1", "A=1", "B=two words", "C=$A", "D=the rest  of it");
        assertThat(e.labels())
                .isEqualTo(Map.of("x", "y", "a b", "the rest  of it", "none", "otherwise", "some", "set"));
    }

    @Test
    void theOthers() {
        Execution e = apply(
                "EXPOSE 80 53/udp 8000-8002",
                "USER nobody:1",
                "VOLUME [\"/a b\"]",
                "VOLUME /c /d",
                "WORKDIR /x",
                "WORKDIR y/../z",
                "STOPSIGNAL SIGINT",
                "ONBUILD RUN make $A",
                "HEALTHCHECK --interval=1m30s --retries=4 --timeout=1.5s CMD curl -f localhost");
        assertThat(e.exposedPorts()).containsOnlyKeys("80/tcp", "53/udp", "8000/tcp", "8001/tcp", "8002/tcp");
        assertThat(e.user()).isEqualTo("nobody:1");
        assertThat(e.volumes()).containsOnlyKeys("/a b", "/c", "/d");
        assertThat(e.workingDir()).isEqualTo("/x/z");
        assertThat(e.stopSignal()).isEqualTo("SIGINT");
        assertThat(e.onBuild()).containsExactly("RUN make $A");
        assertThat(e.healthcheck())
                .isEqualTo(new Healthcheck(
                        List.of("CMD-SHELL", "curl -f localhost"), 90_000_000_000L, 1_500_000_000L, null, null, 4));
        assertThat(apply("HEALTHCHECK NONE").healthcheck().test()).containsExactly("NONE");
        assertThat(apply("HEALTHCHECK CMD [\"true\"]").healthcheck().test()).containsExactly("CMD", "true");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "   ",
                "CMD",
                "RUN make",
                "FROM x",
                "ENV",
                "ENV A",
                "ENV =b",
                "ENV A='",
                "ENV A=\"x",
                "ENV A=${B",
                "ENV A=${B?c}",
                "EXPOSE x",
                "EXPOSE 0",
                "EXPOSE 70000",
                "EXPOSE 9-1",
                "EXPOSE 1/icmp",
                "STOPSIGNAL nothing",
                "HEALTHCHECK ls",
                "HEALTHCHECK --interval=x CMD ls",
                "HEALTHCHECK --foo=1 CMD ls",
                "HEALTHCHECK --retries=-1 CMD ls",
                "LABEL a=b c"
            })
    void whatCannotBeAppliedIsNamed(String instruction) {
        assertThatThrownBy(() -> apply("USER a", instruction))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining("change `" + instruction + "`");
    }
}
