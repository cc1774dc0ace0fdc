// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FlagValuesTest {
    @ParameterizedTest
    @CsvSource({
        "0,0",
        "10,10",
        "10b,10",
        "1k,1024",
        "1K,1024",
        "1kb,1024",
        "1KiB,1024",
        "1.5m,1572864",
        "2g,2147483648",
        "1 g,1073741824",
        "1t,1099511627776"
    })
    void sizes(String text, long bytes) {
        assertThat(ByteSize.parse("--memory", text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "-1", "1x", "1kk", ".5m", "9999999999999p", "1e3"})
    void noSizes(String text) {
        assertThatThrownBy(() -> ByteSize.parse("--memory", text)).isInstanceOf(KelpException.class);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            /a:/b         | bind   | /a   | /b | []
            ./a:/b        | bind   | ./a  | /b | []
            a/b:/b:ro     | bind   | a/b  | /b | [ro]
            data:/b       | volume | data | /b | []
            data:/b:ro,Z  | volume | data | /b | [ro, Z]
            /b            | volume |      | /b | []
            /a:/b:rro,rslave,U | bind | /a | /b | [rro, rslave, U]
            ..:/b         | bind   | ..   | /b | []
            """)
    void volumes(String flag, String type, String source, String target, String options) {
        MountSpec m = Volumes.volume(flag).spec();
        assertThat(m.type()).isEqualTo(type);
        assertThat(m.source()).isEqualTo(source);
        assertThat(m.target()).isEqualTo(target);
        assertThat(m.options().toString()).isEqualTo(options);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ":", "/a:", ":/b", "/a:b", "/a:/", "/a:/.", "/a:/b:what", "/a:/b:ro:rw", "b", "?:/b"})
    void noVolumes(String flag) {
        assertThatThrownBy(() -> Volumes.volume(flag))
                .isInstanceOf(KelpException.class)
                .hasMessageStartingWith("invalid --volume `" + flag + "`: ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            type=bind,source=/a,target=/b                     | bind | /a | []
            type=bind,src=a,dst=/b,readonly                   | bind | a  | [ro]
            type=bind,src=/a,destination=/b,ro=true           | bind | /a | [ro]
            type=bind,src=/a,dst=/b,readonly=false            | bind | /a | []
            type=bind,src=/a,dst=/b,bind-propagation=rshared  | bind | /a | [rshared]
            type=bind,src=/a,dst=/b,bind-recursive=readonly   | bind | /a | [rro]
            type=tmpfs,target=/b,tmpfs-size=1m,tmpfs-mode=700 | tmpfs |   | [size=1048576, mode=700]
            target=/b                                         | volume |  | []
            src=vol,target=/b,volume-nocopy                   | volume | vol | [nocopy]
            """)
    void mounts(String flag, String type, String source, String options) {
        MountSpec m = Volumes.mount(flag).spec();
        assertThat(m.type()).isEqualTo(type);
        assertThat(m.source()).isEqualTo(source);
        assertThat(m.target()).isEqualTo("/b");
        assertThat(m.options().toString()).isEqualTo(options);
        assertThat(Volumes.mount(flag).createSource()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "type=bind",
                "type=bind,target=/b",
                "type=tmpfs,src=/a,target=/b",
                "type=what,target=/b",
                "type=bind,src=/a,dst=b",
                "type=bind,src=/a,dst=/b,foo=1",
                "type=bind,src=,dst=/b",
                "type=bind,src=/a,dst=/b,ro=maybe",
                "type=tmpfs,target=/b,tmpfs-size=x",
                "type=bind,src=/a,dst=/b,bind-propagation=x"
            })
    void noMounts(String flag) {
        assertThatThrownBy(() -> Volumes.mount(flag)).isInstanceOf(KelpException.class);
    }

    @Test
    void tmpfs() {
        MountSpec m = Volumes.tmpfs("/run:size=64m,mode=1777,exec").spec();
        assertThat(m.target()).isEqualTo("/run");
        assertThat(m.options()).containsExactly("nosuid", "nodev", "size=64m", "mode=1777", "exec");
        assertThatThrownBy(() -> Volumes.tmpfs("run")).isInstanceOf(KelpException.class);
    }

    @Test
    void envFile() {
        assertThat(EnvFile.parse("\ufeffA=1\r\n# no\n\nC\nD=#x # y\nE=a=b\n", "f"))
                .containsExactly("A=1", "C", "D=#x # y", "E=a=b");
    }

    @Test
    void envFileErrorsNameTheLine() {
        assertThatThrownBy(() -> EnvFile.parse("A=1\n=x\n", "f.env"))
                .hasMessage("line 2 of `f.env` does not begin with a name: ``");
        assertThatThrownBy(() -> EnvFile.parse("A B=1", "f")).isInstanceOf(KelpException.class);
    }

    @ParameterizedTest
    @CsvSource({
        "nofile=1024,1024:1024",
        "nofile=1024:2048,1024:2048",
        "core=-1,-1:-1",
        "nproc=5:-1,5:-1",
        "memlock=unlimited,-1:-1"
    })
    void ulimits(String flag, String value) {
        assertThat(Ulimits.parse(List.of(flag))).containsEntry(flag.substring(0, flag.indexOf('=')), value);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "nofile",
                "nofile=",
                "nofile=x",
                "nofile=2:1",
                "nofile=-1:5",
                "what=1",
                "nofile=1:2:3",
                "nofile=-2"
            })
    void noUlimits(String flag) {
        assertThatThrownBy(() -> Ulimits.parse(List.of(flag))).isInstanceOf(KelpException.class);
    }

    @Test
    void pairs() {
        assertThat(EnvFile.pairs("--label", List.of("a=1", "b", "c=x=y")))
                .containsEntry("a", "1")
                .containsEntry("b", "")
                .containsEntry("c", "x=y");
        assertThatThrownBy(() -> EnvFile.pairs("--label", List.of("=1"))).isInstanceOf(KelpException.class);
    }
}
