// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.Invocation;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.ContainerSpec.DeviceSpec;
import dev.kelp.model.container.Security;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// What the processes may do.
@Command(optionListHeading = "Security")
public final class SecurityFlags {
    @Option(names = "--privileged", description = "all capabilities, all devices that are yours, no seccomp")
    boolean privileged;

    @Option(names = "--cap-add", paramLabel = "CAP", description = "add a capability, or ALL", split = ",")
    List<String> capabilitiesAdd = new ArrayList<>();

    @Option(names = "--cap-drop", paramLabel = "CAP", description = "drop a capability, or ALL", split = ",")
    List<String> capabilitiesDrop = new ArrayList<>();

    @Option(
            names = "--security-opt",
            paramLabel = "OPTION",
            description =
                    "seccomp=FILE|unconfined, apparmor=PROFILE, no-new-privileges[=false], systempaths=unconfined,"
                            + " mask=PATH:…, unmask=ALL|PATH:…, writable-cgroups, privileged-without-host-devices")
    List<String> options = new ArrayList<>();

    @Option(
            names = "--device",
            paramLabel = "HOST[:PATH[:rwm]]",
            description = "a device of this machine, or one by its CDI name: vendor.com/class=name")
    List<String> devices = new ArrayList<>();

    @Option(names = "--gpus", paramLabel = "all|DEVICES", description = "GPUs, by the machine's CDI specifications")
    @Nullable
    String gpus;

    @Option(
            names = "--cdi-spec-dirs",
            paramLabel = "DIR",
            description = "folders of CDI specifications (default: /etc/cdi, /var/run/cdi, ~/.config/cdi)",
            split = ",")
    List<String> cdiFolders = new ArrayList<>();

    @Option(
            names = "--secret",
            paramLabel = "NAME[,OPTION=VALUE…]",
            description = "give it a secret: type=mount (a file below /run/secrets) or env, target=, uid=, gid=, mode=")
    List<String> secrets = new ArrayList<>();

    public Security spec(ClientContext client, boolean readOnlyRootfs) {
        Options o = new Options();
        options.forEach(option -> o.set(client, option));
        return new Security(
                privileged,
                readOnlyRootfs,
                capabilities("--cap-add", capabilitiesAdd),
                capabilities("--cap-drop", capabilitiesDrop),
                o.noNewPrivileges,
                o.seccomp,
                o.apparmor,
                o.systemPathsUnconfined,
                devices.stream()
                        .filter(d -> !CdiDevices.isName(d))
                        .map(SecurityFlags::device)
                        .toList(),
                o.masked,
                o.unmasked,
                o.writableCgroups,
                o.withoutHostDevices,
                cdiNames(),
                secrets.stream().map(SecretWord::parse).toList());
    }

    private List<String> cdiNames() {
        List<String> names =
                new ArrayList<>(devices.stream().filter(CdiDevices::isName).toList());
        if (gpus != null) {
            names.addAll(CdiDevices.gpus(gpus));
        }
        return names;
    }

    /// The specification with what its CDI devices stand for: nodes, mounts and variables.
    public ContainerSpec withCdiDevices(Invocation call, ContainerSpec spec) {
        return spec.security().cdiDevices().isEmpty()
                ? spec
                : CdiDevices.read(
                                call.client(),
                                cdiFolders.isEmpty() ? call.flags().cdiFolders() : cdiFolders)
                        .apply(spec);
    }

    private static List<String> capabilities(String flag, List<String> names) {
        for (String name : names) {
            if (!name.matches("[A-Za-z][A-Za-z0-9_]*")) {
                throw KelpException.invalid("invalid " + flag + " `" + name + "`: not the name of a capability");
            }
        }
        return names;
    }

    /// What the words of `--security-opt` amount to.
    private static final class Options {
        private @Nullable Boolean noNewPrivileges;
        private @Nullable String seccomp;
        private @Nullable String apparmor;
        private boolean systemPathsUnconfined;
        private boolean writableCgroups;
        private boolean withoutHostDevices;
        private final List<String> masked = new ArrayList<>();
        private final List<String> unmasked = new ArrayList<>();

        void set(ClientContext client, String option) {
            int at = option.indexOf('=');
            if (at < 0) {
                at = option.indexOf(':');
            }
            String key = at < 0 ? option : option.substring(0, at);
            String value = at < 0 ? "" : option.substring(at + 1);
            switch (key) {
                case "no-new-privileges" -> noNewPrivileges = flag(option, value);
                case "seccomp" ->
                    seccomp =
                            value.equals("unconfined") || value.isEmpty() ? "unconfined" : EnvFile.text(client, value);
                case "apparmor" -> apparmor = value;
                case "systempaths" -> {
                    if (!value.equals("unconfined")) {
                        throw KelpException.invalid("invalid --security-opt `" + option + "`")
                                .withHint("systempaths=unconfined is the only one");
                    }
                    systemPathsUnconfined = true;
                }
                case "writable-cgroups" -> writableCgroups = flag(option, value);
                case "privileged-without-host-devices" -> withoutHostDevices = flag(option, value);
                case "mask" -> masked.addAll(paths(option, value));
                case "unmask" -> {
                    if (value.equalsIgnoreCase("all")) {
                        systemPathsUnconfined = true;
                    } else {
                        unmasked.addAll(paths(option, value));
                    }
                }
                // SELinux labels, for machines that have none: podman and docker ignore them there too
                case "label" -> {}
                default -> throw KelpException.invalid("unknown --security-opt `" + option + "`");
            }
        }

        private static boolean flag(String option, String value) {
            return switch (value) {
                case "", "true" -> true;
                case "false" -> false;
                default -> throw KelpException.invalid("invalid --security-opt `" + option + "`");
            };
        }

        private static List<String> paths(String option, String value) {
            List<String> paths = List.of(value.split(":"));
            if (paths.stream().anyMatch(p -> !p.startsWith("/"))) {
                throw KelpException.invalid("invalid --security-opt `" + option + "`: paths are absolute");
            }
            return paths;
        }
    }

    private static DeviceSpec device(String flag) {
        String[] p = flag.split(":", -1);
        boolean permissionsOnly = p.length == 2 && p[1].matches("[rwm]{1,3}");
        String host = p[0];
        String path = p.length > 1 && !permissionsOnly ? p[1] : host;
        String permissions = permissionsOnly ? p[1] : p.length == 3 ? p[2] : "rwm";
        if (p.length > 3 || !host.startsWith("/") || !path.startsWith("/") || !permissions.matches("[rwm]{1,3}")) {
            throw KelpException.invalid("invalid --device `" + flag + "`: expected HOST[:PATH[:rwm]]");
        }
        return new DeviceSpec(host, path, permissions);
    }
}
