// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HomesTest {
    @Test
    void arePeoplesAndTheUsersOwn(@TempDir Path dir) throws IOException {
        Path passwd = Files.writeString(dir.resolve("passwd"), """
                root:x:0:0:root:/root:/bin/bash
                daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
                www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
                service:x:990:990::/srv/service:/bin/sh
                ann:x:1000:1000::/srv/people/ann:/bin/sh
                odd:x:1001:1001::/:/bin/sh
                strange:x:1002:1002::/usr:/bin/sh
                nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
                not a line
                """);
        Path ann = Path.of("/srv/people/ann");
        assertThat(Homes.of(passwd, 5000, Optional.empty())).containsExactly(ann);
        assertThat(Homes.of(passwd, 990, Optional.of(Path.of("/srv/me"))))
                .containsExactly(Path.of("/srv/me"), Path.of("/srv/service"), ann);
        assertThat(Homes.of(dir.resolve("none"), 1000, Optional.of(Path.of("/"))))
                .isEmpty();
    }
}
