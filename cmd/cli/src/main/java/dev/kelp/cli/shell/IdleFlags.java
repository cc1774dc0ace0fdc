// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

import dev.kelp.cli.GlobalFlags;
import dev.kelp.cli.Invocation;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.Map;

/// Global flags of nerdctl and docker that ask for something Kelp does not do: what would only be missed is warned of,
/// what would work on something else than the user means is refused. Settings in files and variables are silent, as
/// they are often there for another program.
final class IdleFlags {
    private static final Map<String, String> WITHOUT_EFFECT = Map.of(
            "cni_path", "--cni-path has no effect: networks need no plugins",
            "cni_netconfpath", "--cni-netconfpath has no effect: networks are kept in Kelp's database",
            "bridge_ip",
                    "--bridge-ip has no effect: the default network's address is fixed; `network create --subnet` makes"
                            + " one with others");

    private IdleFlags() {}

    static void tell(Invocation call) {
        GlobalFlags flags = call.flags();
        flags.given("address").ifPresent(a -> address(call, a));
        flags.given("data_root").ifPresent(d -> dataRoot(call, d));
        flags.given("cgroup_manager").ifPresent(m -> cgroupManager(call, m));
        WITHOUT_EFFECT.forEach(
                (key, sentence) -> flags.given(key).ifPresent(v -> call.client().warn(sentence)));
        if (flags.given("selinux_enabled").filter("true"::equals).isPresent()) {
            call.client().warn("--selinux-enabled has no effect: containers get no SELinux labels");
        }
    }

    private static void address(Invocation call, String address) {
        String scheme = address.contains("://") ? address.substring(0, address.indexOf("://")) : "unix";
        if (!scheme.equals("unix")) {
            KelpException e = new KelpException(
                    ErrorKind.UNSUPPORTED, "cannot use the engine at `" + address + "`: not on this machine");
            throw scheme.equals("ssh")
                    ? e.withHint("run it there: ssh " + address.substring("ssh://".length()) + " kelp …")
                    : e.withHint("leave the address out: Kelp finds its own daemon");
        }
        String own = call.engine().info().settings().getOrDefault("Run Root", "") + "/kelp.sock";
        if (!address.replaceFirst("^unix://", "").equals(own)) {
            call.client().warn("--address has no effect: Kelp finds its own daemon");
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

    private static void cgroupManager(Invocation call, String name) {
        String own = call.engine().info().settings().getOrDefault("Cgroup Driver", "");
        if (!own.equals(name)) {
            call.client().warn("--cgroup-manager has no effect: this machine delegates `" + own + "` to you");
        }
    }
}
