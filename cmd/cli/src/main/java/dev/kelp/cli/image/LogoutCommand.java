// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.Invocation;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "logout",
        customSynopsis = "[SERVER]",
        description = "Forgets the credentials for a registry. Without SERVER it is Docker Hub.",
        footer = "kelp logout registry.example")
public final class LogoutCommand extends dev.kelp.cli.KelpCommand {
    @Parameters(arity = "0..1", paramLabel = "SERVER")
    String server = "docker.io";

    @Override
    public int run(Invocation call) {
        call.images()
                .logout(server, call.client())
                .forEach(line -> call.out().append(line).append('\n'));
        return 0;
    }
}
