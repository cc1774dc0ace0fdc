// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

import dev.kelp.cli.ClientContext.ElsewhereException;
import dev.kelp.cli.GlobalFlags;
import dev.kelp.cli.Invocation;
import dev.kelp.cli.SettingsFile;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Global flags of nerdctl and docker that ask for something Kelp does not do: what would only be missed is warned of,
/// what would work on something else than the user means is refused. So are keys of a settings file warned of.
///
/// An address as a flag leads to the engine that is there, and nowhere else. Variables are often there for another
/// program. So those that name an engine lead to one of Kelp's (the client sees to that for CONTAINERD_ADDRESS) or have
/// no effect, which is told when Kelp is called by the name of the program that they are for.
final class IdleFlags {
    private static final Map<String, String> WITHOUT_EFFECT = Map.of(
            "bridge_ip",
            "--bridge-ip has no effect: the default network's address is fixed; `network create --subnet` makes"
                    + " one with others");

    private static final List<String> CONTAINERDS_CLIENTS = List.of("nerdctl", ContainerdWords.NAME);

    private static final int PATH_CHARS_MAX = 4095;

    private IdleFlags() {}

    static void tell(Invocation call, SettingsFile.Settings settings) {
        GlobalFlags flags = call.flags();
        flags.given("address").ifPresent(a -> go(call, a));
        new TreeMap<>(settings.values()).forEach((key, values) -> {
            if (!values.isEmpty() && isIdle(call, key, values.getFirst())) {
                call.client().warn("`" + key + "` in " + settings.origins().get(key) + " has no effect");
            }
        });
        if (call.client().programName().equals("docker")) {
            call.variable("DOCKER_HOST").ifPresent(h -> {
                refuseRemote(h);
                tellOfOther(call, h, "DOCKER_HOST");
            });
            call.variable("DOCKER_CONTEXT").filter(c -> !c.equals("default")).ifPresent(c -> {
                throw new KelpException(ErrorKind.UNSUPPORTED, "cannot use the context `" + c + "`: Kelp has none")
                        .withHint("unset DOCKER_CONTEXT to work with the engine on this machine");
            });
        }
        if (CONTAINERDS_CLIENTS.contains(call.client().programName())
                && flags.given("address").isEmpty()
                && !call.client().isLedHere()) {
            call.variable("CONTAINERD_ADDRESS").ifPresent(a -> tellOfOther(call, a, "CONTAINERD_ADDRESS"));
        }
        flags.given("data_root").ifPresent(d -> dataRoot(call, d));
        WITHOUT_EFFECT.forEach(
                (key, sentence) -> flags.given(key).ifPresent(v -> call.client().warn(sentence)));
        if (flags.given("selinux_enabled").filter("true"::equals).isPresent()) {
            call.client().warn("--selinux-enabled has no effect: containers get no SELinux labels");
        }
    }

    /// Whether a setting asks for something that is not so.
    private static boolean isIdle(Invocation call, String key, String value) {
        return switch (key) {
            case "address" -> !path(value).equals(ownSocket(call));
            case "data_root" -> !value.equals(call.engine().info().settings().get("Data Root"));
            case "bridge_ip" -> !value.isEmpty();
            case "selinux_enabled" -> value.equals("true");
            default -> false;
        };
    }

    private static String ownSocket(Invocation call) {
        return call.engine().info().settings().getOrDefault("Run Root", "") + "/kelp.sock";
    }

    /// Sends the client to the engine at an address, unless it is here.
    private static void go(Invocation call, String address) {
        refuseRemote(address);
        String path = path(address);
        if (path.length() > PATH_CHARS_MAX) {
            throw KelpException.invalid(
                    "the address is " + path.length() + " characters long: a path has at most " + PATH_CHARS_MAX);
        }
        if (!call.client().isLedHere() && !path.equals(ownSocket(call))) {
            throw new ElsewhereException(
                    path.startsWith("/") ? path : call.client().workingDirectory() + "/" + path);
        }
    }

    private static void tellOfOther(Invocation call, String address, String variable) {
        if (!path(address).equals(ownSocket(call))) {
            call.client().warn(variable + " has no effect: no engine of Kelp's is at `" + address + "`");
        }
    }

    private static String path(String address) {
        return address.replaceFirst("^unix://", "");
    }

    private static void refuseRemote(String address) {
        String scheme = address.contains("://") ? address.substring(0, address.indexOf("://")) : "unix";
        if (!scheme.equals("unix")) {
            KelpException e = new KelpException(
                    ErrorKind.UNSUPPORTED, "cannot use the engine at `" + address + "`: not on this machine");
            throw scheme.equals("ssh")
                    ? e.withHint("run it there: ssh " + address.substring("ssh://".length()) + " kelp …")
                    : e.withHint("leave the address out: Kelp finds its own daemon");
        }
    }

    private static void dataRoot(Invocation call, String directory) {
        String own = call.engine().info().settings().getOrDefault("Data Root", "");
        String asked = directory.startsWith("/") ? directory : call.client().workingDirectory() + "/" + directory;
        if (!asked.replaceFirst("(?<=.)/+$", "").equals(own)) {
            throw KelpException.invalid("the data root in use is `" + own + "`, not `" + directory + "`")
                    .withHint("KELP_DATA_ROOT=" + asked + " " + call.client().programName() + " … uses another one");
        }
    }
}
