// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.cli.GlobalFlags;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.UserNamespace;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Whose ids the container's are.
@Command(optionListHeading = "User namespace")
public final class UserNamespaceFlags {
    @Option(
            names = "--userns",
            paramLabel = "MODE",
            description = "host (the default: root in the container is you), keep-id[:uid=N,gid=N] (you are yourself),"
                    + " auto[:size=N,uidmapping=C:F:N,gidmapping=C:F:N] (ids no other container has), nomap (you are"
                    + " nobody)")
    @Nullable
    String mode;

    @Option(
            names = "--uidmap",
            paramLabel = "CONTAINER:FROM[:COUNT]",
            description = "users: FROM is an id of the default namespace, in which 0 is you; @FROM one of the host")
    List<String> uidMaps = new ArrayList<>();

    @Option(names = "--gidmap", paramLabel = "CONTAINER:FROM[:COUNT]", description = "groups (default: as --uidmap)")
    List<String> gidMaps = new ArrayList<>();

    @Option(names = "--subuidname", paramLabel = "NAME", description = "map the ids /etc/subuid gives this name")
    @Nullable
    String subUidName;

    @Option(names = "--subgidname", paramLabel = "NAME", description = "map the ids /etc/subgid gives this name")
    @Nullable
    String subGidName;

    /// Null: the engine's own namespace.
    public @Nullable UserNamespace spec(GlobalFlags defaults) {
        String asked = mode == null || mode.isEmpty() ? null : mode;
        boolean maps = !uidMaps.isEmpty() || !gidMaps.isEmpty() || subUidName != null || subGidName != null;
        if (asked != null && !asked.matches("host|private|nomap|(keep-id|auto)(:.*)?")) {
            throw KelpException.invalid("invalid --userns `" + asked + "`")
                    .withHint("use host, keep-id[:uid=N,gid=N], auto[:size=N,uidmapping=MAP,gidmapping=MAP] or nomap");
        }
        if (maps && asked != null && !asked.equals("private")) {
            throw KelpException.invalid("--userns=" + asked + " and maps exclude each other");
        }
        if (asked != null && asked.equals("private") && !maps) {
            throw KelpException.invalid("--userns=private needs --uidmap, --gidmap, --subuidname or --subgidname");
        }
        String others = defaults.idsOf();
        if (!maps && asked == null && others != null) {
            return new UserNamespace(null, List.of(), List.of(), others, others);
        }
        if (!maps && (asked == null || asked.equals("host"))) {
            return null;
        }
        return new UserNamespace(maps ? null : asked, uidMaps, gidMaps, subUidName, subGidName);
    }
}
