// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ArgumentsTest {
    private static Arguments parse(String line) {
        return Arguments.parse(List.of(("rootlesskit " + line).split(" ")));
    }

    @Test
    void readsFlagsUntilTheCommand() {
        Arguments read = parse("--net=none --state-dir /s -copy-up=/etc --copy-up /run --pidns=false sh --net=host");
        assertThat(read.text(Flag.NET)).isEqualTo("none");
        assertThat(read.text(Flag.STATE_DIR)).isEqualTo("/s");
        assertThat(read.list(Flag.COPY_UP)).containsExactly("/etc", "/run");
        assertThat(read.on(Flag.PIDNS)).isFalse();
        assertThat(read.firstWord()).isEqualTo(8);
    }

    @Test
    void twoDashesEndTheFlags() {
        assertThat(parse("--net=none -- sh").firstWord()).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--nonsense sh", "--net", "--mtu=x sh", "--pidns=maybe sh"})
    void refuses(String line) {
        assertThatThrownBy(() -> parse(line)).isInstanceOf(KelpException.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--net=moon sh",
                "--net=none --cidr=10.0.3.0/24 sh",
                "--net=slirp4netns --cidr=10.0.3.7/24 sh",
                "--net=slirp4netns --mtu=65522 sh",
                "--port-driver=builtin sh",
                "--net=slirp4netns -p 127.0.0.1:1:1/tcp sh",
                "--net=pasta --port-driver=builtin sh",
                "--copy-up=/etc --propagation=rshared sh",
                "--reaper=true sh",
                "--evacuate-cgroup2=a --pidns sh",
                "--net=slirp4netns --slirp4netns-sandbox=true --detach-netns sh",
            })
    void refusesWhatDoesNotGoTogether(String line) {
        Arguments read = parse(line);
        assertThatThrownBy(() -> Settings.check(read)).isInstanceOf(KelpException.class);
    }

    /// Start scripts look for flags there.
    @Test
    void theHelpPageHasEveryFlag() {
        for (Flag flag : Flag.values()) {
            assertThat(HelpPage.text()).contains("--" + flag.word() + " ");
        }
    }
}
