// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.IdMapping;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.rootless.Instance;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BindsKernelTest {
    @TempDir
    Path dir;

    private Binds binds;

    @BeforeEach
    void make() {
        binds = new Binds(instance(1000));
    }

    @AfterEach
    void remove() {
        binds.sweep(Set.of());
        assertThat(left()).isEmpty();
    }

    private List<Path> left() {
        try (Stream<Path> there = Files.list(dir.resolve("binds"))) {
            return there.toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    private Instance instance(int hostUid) {
        List<IdMapping> ids = List.of(new IdMapping(0, 1000, 1));
        return new Instance(dir.resolve("data"), dir, dir, hostUid, hostUid, ids, ids);
    }

    private static MountSpec bind(Path source, String... options) {
        return new MountSpec("bind", source.toString(), "/at", List.of(options), null, null);
    }

    @Test
    void whatComesUnderTheNameLaterIsNotBound() throws IOException {
        Path secret =
                Files.writeString(Files.createDirectory(dir.resolve("secret")).resolve("key"), "secret");
        Path folder = Files.createDirectory(dir.resolve("folder"));
        Path file = Files.writeString(dir.resolve("file"), "mine");
        MountSpec tmpfs = new MountSpec("tmpfs", null, "/tmp", List.of(), null, null);
        List<MountSpec> own = binds.own("c", List.of(bind(folder), tmpfs, bind(file, "ro")));
        Files.delete(folder);
        Files.createSymbolicLink(folder, secret.getParent());
        Files.createSymbolicLink(dir.resolve("new"), secret);
        Files.move(dir.resolve("new"), file, StandardCopyOption.REPLACE_EXISTING);
        assertThat(Path.of(own.get(0).source())).isEmptyDirectory();
        assertThat(own.get(1)).isEqualTo(tmpfs);
        assertThat(Path.of(own.get(2).source())).hasContent("mine");
        assertThat(own.get(2).options()).containsExactly("ro");
        // the next start looks again
        assertThat(Path.of(binds.own("c", List.of(bind(folder))).getFirst().source()))
                .isDirectoryContaining("glob:**/key");
        binds.release("c");
        assertThat(left()).isEmpty();
        assertThat(secret).hasContent("secret");
    }

    @Test
    void whatIsNotThereIsNamed() {
        assertThatThrownBy(() -> binds.own("c", List.of(bind(dir.resolve("missing")))))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining("cannot bind `" + dir.resolve("missing") + "` to `/at`");
    }

    @Test
    void hostRootsMustHaveBeenHandedOver() throws IOException {
        Binds roots = new Binds(instance(0));
        Path folder = Files.createDirectory(dir.resolve("folder"));
        assertThatThrownBy(() -> roots.own("c", List.of(bind(folder)))).hasMessageContaining("went with the engine");
        String place = binds.own("c", List.of(bind(folder))).getFirst().source();
        roots.release("c");
        roots.sweep(Set.of("c"));
        assertThat(roots.own("c", List.of(bind(folder))).getFirst().source()).isEqualTo(place);
    }
}
