// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.engine.Images.RegistryOptions;
import dev.kelp.registry.TransferListener;
import dev.kelp.registry.http.Cancellation;
import dev.kelp.registry.http.Proxies;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RegistryAccessTest {
    @Test
    void theUsersProxiesAreUsed(@TempDir Path root) {
        TestUser user = new TestUser(root);
        assertThat(proxies(user)).isEqualTo(Proxies.NONE);
        user.variables.put("https_proxy", "http://proxy.example:3128");
        user.variables.put("NO_PROXY", "corp.example");
        assertThat(proxies(user)).isEqualTo(Proxies.of(null, "http://proxy.example:3128", "corp.example"));
    }

    private static Proxies proxies(TestUser user) {
        return new RegistryAccess(user)
                .access(RegistryOptions.DEFAULT, new Cancellation(), TransferListener.NONE)
                .proxies();
    }
}
