// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.GlobalFlags;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.Resources;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Limits.
@Command(optionListHeading = "Resources")
public final class ResourceFlags {
    @Mixin
    LimitFlags limits = new LimitFlags();

    @Option(names = "--oom-score-adj", paramLabel = "NUMBER", description = "-1000 to 1000")
    @Nullable
    Integer oomScoreAdj;

    @Option(names = "--shm-size", paramLabel = "SIZE", description = "size of /dev/shm (default: 64m)")
    @Nullable
    String shmSize;

    @Option(names = "--ulimit", paramLabel = "NAME=SOFT[:HARD]", description = "nofile, nproc, core …")
    List<String> ulimits = new ArrayList<>();

    @Option(names = "--oom-kill-disable", description = "no killer of processes (cgroup version 1 only)")
    boolean oomKillDisable;

    @Option(names = "--cgroup-parent", paramLabel = "CGROUP", description = "cgroup to make the container's below")
    @Nullable
    String cgroupParent;

    @Option(
            names = "--cgroup-conf",
            paramLabel = "FILE=VALUE",
            description = "write to a file of the container's cgroup2")
    List<String> cgroupConf = new ArrayList<>();

    @Option(names = "--rdt-class", paramLabel = "CLASS", description = "class of Intel's resource director")
    @Nullable
    String rdtClass;

    @Option(
            names = "--device-cgroup-rule",
            paramLabel = "RULE",
            description = "accepted; in a user namespace the nodes' modes decide: 'c 42:* rmw'")
    List<String> deviceRules = new ArrayList<>();

    @Option(
            names = "--storage-opt",
            paramLabel = "size=SIZE",
            description = "refused: no file system limits what an unprivileged user's container writes")
    List<String> storage = new ArrayList<>();

    public Resources spec(ClientContext client, GlobalFlags flags) {
        refuseStorage();
        int score = oomScoreAdj == null ? 0 : oomScoreAdj;
        if (score < -1000 || score > 1000) {
            throw KelpException.invalid("invalid --oom-score-adj " + score + ": the range is -1000 to 1000");
        }
        for (String rule : deviceRules) {
            if (!rule.matches("[acb] ([0-9]+|\\*):([0-9]+|\\*) [rwm]{1,3}")) {
                throw KelpException.invalid("invalid --device-cgroup-rule `" + rule + "`")
                        .withHint("write type, numbers and rights: 'c 42:* rmw'");
            }
        }
        Map<String, String> unified = EnvFile.pairs("--cgroup-conf", cgroupConf);
        unified.keySet().stream()
                .filter(k -> !k.matches("[a-z0-9_]+\\.[A-Za-z0-9_.]+"))
                .findFirst()
                .ifPresent(k -> {
                    throw KelpException.invalid(
                            "invalid --cgroup-conf `" + k + "`: expected a file of cgroup2, such as memory.high");
                });
        if (cgroupParent != null && (cgroupParent.isBlank() || cgroupParent.contains(".."))) {
            throw KelpException.invalid("invalid --cgroup-parent `" + cgroupParent + "`");
        }
        if (limits.kernelMemoryAsked()) {
            client.warn("--kernel-memory has no effect: kernels have no such limit any more");
        }
        return limits.apply(new Resources(
                0,
                0,
                0,
                0,
                0,
                0,
                null,
                null,
                0,
                0,
                oomScoreAdj,
                shmSize == null ? 0 : ByteSize.parse("--shm-size", shmSize),
                Ulimits.parse(ulimits),
                0,
                0,
                null,
                oomKillDisable,
                null,
                unified.isEmpty() ? null : unified,
                cgroupParent,
                rdtClass,
                deviceRules.isEmpty() ? null : deviceRules,
                flags.cgroupManager(),
                flags.limitsAreWishes()));
    }

    /// A project's quota can be set only by who may do so for the whole file system.
    private void refuseStorage() {
        EnvFile.pairs("--storage-opt", storage).forEach((key, value) -> {
            if (!key.equals("size")) {
                throw KelpException.invalid("unknown --storage-opt `" + key + "`: expected size=SIZE");
            }
            ByteSize.parse("--storage-opt size", value);
            throw new KelpException(
                            ErrorKind.UNSUPPORTED,
                            "--storage-opt size=" + value + ": project quotas need the host's root to set them")
                    .withHint("a volume has a limit where its file system does:"
                            + " --mount type=tmpfs,dst=DIR,tmpfs-size=SIZE");
        });
    }
}
