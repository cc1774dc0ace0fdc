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
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
        name = "port",
        customSynopsis = "[OPTIONS] CONTAINER [PORT[/PROTOCOL]]",
        description = "Lists the published ports of a container, or what one of them is published as.",
        footer = {"kelp port web", "kelp port web 80/tcp"})
public final class PortCommand extends KelpCommand {
    @Mixin
    LatestFlag latest = new LatestFlag();

    @Parameters(index = "0", arity = "0..1", paramLabel = "CONTAINER")
    @Nullable
    String first;

    @Parameters(index = "1", arity = "0..1", paramLabel = "PORT[/PROTOCOL]")
    @Nullable
    String second;

    @Override
    public int run(Invocation call) {
        // with --latest the port is the first word
        if (latest.isSet() && second != null) {
            throw KelpException.invalid("--latest and the name of a container exclude each other");
        }
        String container = latest.or(call, latest.isSet() ? null : first);
        String port = latest.isSet() ? first : second;
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
