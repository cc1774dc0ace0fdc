// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.ClientContext;
import dev.kelp.engine.Containers;
import dev.kelp.engine.Containers.ContainerDetail;
import java.nio.charset.StandardCharsets;

/// `--pidfile`: the user's client writes the pid after each start she asked for.
final class PidFile {
    private static final int MODE = 0644;

    private PidFile() {}

    static void write(ClientContext client, Containers containers, String container) {
        ContainerDetail detail = containers.inspect(container);
        String path = detail.spec().lifecycle().pidFile();
        int pid = detail.summary().state().pid();
        if (path != null && pid > 0) {
            client.writeFile(path, Integer.toString(pid).getBytes(StandardCharsets.US_ASCII), MODE);
        }
    }
}
