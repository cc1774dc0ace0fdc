// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.engine.Containers.ContainerDetail;
import dev.kelp.model.KelpException;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "port",
        customSynopsis = "CONTAINER [PORT[/PROTOCOL]]",
        description = "Lists the published ports of a container, or what one of them is published as.",
        footer = {"kelp port web", "kelp port web 80/tcp"})
public final class PortCommand extends KelpCommand {
    @Parameters(index = "0", paramLabel = "CONTAINER")
    String container = "";

    @Parameters(index = "1", arity = "0..1", paramLabel = "PORT[/PROTOCOL]")
    @Nullable
    String port;

    @Override
    public int run(Invocation call) {
        ContainerDetail detail = call.containers().inspect(container);
        List<Published> all = Published.of(detail);
        if (port == null) {
            all.forEach(p -> call.out().append(p.inside() + " -> " + p.outside() + "\n"));
            return 0;
        }
        String wanted = port.contains("/") ? port.toLowerCase(Locale.ROOT) : port + "/tcp";
        if (!wanted.matches("[0-9]{1,5}/(tcp|udp|sctp)")) {
            throw KelpException.invalid("invalid port `" + port + "`: expected PORT[/PROTOCOL]");
        }
        List<Published> found =
                all.stream().filter(p -> p.inside().equals(wanted)).toList();
        if (found.isEmpty()) {
            throw KelpException.notFound("no public port " + wanted + " is published for container " + container);
        }
        found.forEach(p -> call.out().append(p.outside() + "\n"));
        return 0;
    }
}
