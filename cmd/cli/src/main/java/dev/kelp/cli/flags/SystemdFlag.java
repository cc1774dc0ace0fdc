// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `--systemd`: what systemd(1) expects of a container in which it is pid 1.
@Command
public final class SystemdFlag {
    private static final Set<String> PROGRAMS = Set.of(
            "systemd",
            "/init",
            "/sbin/init",
            "/usr/sbin/init",
            "/usr/local/sbin/init",
            "/lib/systemd/systemd",
            "/usr/lib/systemd/systemd");

    /// Where it writes before it has mounted anything.
    private static final List<String> WRITTEN =
            List.of("/run:exec,mode=755", "/run/lock:mode=1777", "/tmp:exec,mode=1777", "/var/log/journal:mode=755");

    /// By this systemd shuts down in order.
    private static final String STOP_SIGNAL = "SIGRTMIN+3";

    @Option(
            names = "--systemd",
            paramLabel = "WHEN",
            description = "prepare for systemd as pid 1 (tmpfs on /run, /run/lock, /tmp and /var/log/journal, writable"
                    + " cgroups, its stop signal): true, when the command is systemd or an init; always; false")
    String when = "false";

    /// Refuses what it cannot be.
    public void check() {
        if (!List.of("true", "false", "always").contains(when)) {
            throw KelpException.invalid("invalid --systemd `" + when + "`").withHint("use true, false or always");
        }
    }

    /// @param program the words the container will run
    public ContainerSpec applied(ContainerSpec spec, Supplier<List<String>> program) {
        boolean wanted = when.equals("always")
                || (when.equals("true")
                        && program.get().stream()
                                .findFirst()
                                .filter(PROGRAMS::contains)
                                .isPresent());
        if (!wanted) {
            return spec;
        }
        List<MountSpec> mounts = new ArrayList<>(spec.mounts());
        for (String text : WRITTEN) {
            MountSpec tmpfs = Volumes.tmpfs(text).spec();
            if (spec.mounts().stream().noneMatch(m -> m.target().equals(tmpfs.target()))) {
                mounts.add(tmpfs);
            }
        }
        ContainerSpec prepared =
                spec.withMounts(mounts).withSecurity(spec.security().withWritableCgroups());
        return spec.lifecycle().stopSignal() != null
                ? prepared
                : prepared.withLifecycle(spec.lifecycle().withStopSignal(STOP_SIGNAL));
    }
}
