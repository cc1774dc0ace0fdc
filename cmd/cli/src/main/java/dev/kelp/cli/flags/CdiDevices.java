// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.cli.ClientContext;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.container.ContainerSpec.DeviceSpec;
import dev.kelp.model.container.ContainerSpec.MountSpec;
import dev.kelp.model.oci.OciJson;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// Devices by name: the Container Device Interface (github.com/cncf-tags/container-device-interface, SPEC.md). A vendor
/// describes in JSON files what a device stands for; folders later in the list win. Files in YAML are refused by name:
/// `nvidia-ctk cdi generate --format=json` writes the other form.
final class CdiDevices {
    private static final Pattern NAME =
            Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*=[A-Za-z0-9][A-Za-z0-9_.:-]*");
    private static final int FILE_BYTES_MAX = 4 << 20;
    private static final int FILES_MAX = 1000;

    /// Name → the edits of its kind and its own.
    private final Map<String, List<JsonNode>> devices = new TreeMap<>();

    private final List<String> unread = new ArrayList<>();

    private CdiDevices() {}

    static boolean isName(String word) {
        return NAME.matcher(word).matches();
    }

    /// What `--gpus` means in CDI: `all`, a number of devices, or `device=0,1`.
    static List<String> gpus(String value) {
        String text = value.replace("\"", "");
        if (text.equals("all")) {
            return List.of("nvidia.com/gpu=all");
        }
        if (text.startsWith("device=")) {
            List<String> names = List.of(text.substring("device=".length()).split(","));
            if (names.stream().allMatch(n -> n.matches("[A-Za-z0-9][A-Za-z0-9_.:-]*"))) {
                return names.stream().map(n -> "nvidia.com/gpu=" + n).toList();
            }
        }
        if (text.matches("[1-9][0-9]?")) {
            List<String> names = new ArrayList<>();
            for (int i = 0; i < Integer.parseInt(text); i++) {
                names.add("nvidia.com/gpu=" + i);
            }
            return names;
        }
        throw KelpException.invalid("invalid --gpus `" + value + "`").withHint("use all, a number or device=0,1");
    }

    /// @param folders as given; none: the usual ones
    static CdiDevices read(ClientContext client, List<String> folders) {
        CdiDevices all = new CdiDevices();
        for (String folder : folders.isEmpty() ? usual(client) : folders) {
            all.readFolder(client, folder);
        }
        return all;
    }

    private static List<String> usual(ClientContext client) {
        List<String> all = new ArrayList<>(List.of("/etc/cdi", "/var/run/cdi"));
        String config = client.variables().get("XDG_CONFIG_HOME");
        String home = client.variables().get("HOME");
        if (config != null && !config.isEmpty()) {
            all.add(config + "/cdi");
        } else if (home != null && !home.isEmpty()) {
            all.add(home + "/.config/cdi");
        }
        return all;
    }

    private void readFolder(ClientContext client, String folder) {
        List<String> names;
        try (Fd fd = client.open(folder, Inodes.O_RDONLY | Inodes.O_DIRECTORY, 0)) {
            names = new ArrayList<>(Inodes.list(fd));
        } catch (KelpException e) {
            if (e.kind() == ErrorKind.NOT_FOUND) {
                return;
            }
            throw e;
        } catch (ErrnoException e) {
            throw e.toKelp("list the CDI specifications in `" + folder + "`");
        }
        Collections.sort(names);
        for (String name : names.subList(0, Math.min(names.size(), FILES_MAX))) {
            String path = folder + "/" + name;
            if (name.endsWith(".json")) {
                client.readFile(path, FILE_BYTES_MAX).ifPresent(bytes -> readFile(path, bytes));
            } else if (name.endsWith(".yaml") || name.endsWith(".yml")) {
                unread.add(path);
            }
        }
    }

    private void readFile(String path, byte[] bytes) {
        try {
            JsonNode root = OciJson.mapper().readTree(bytes);
            String kind = root.path("kind").asString("");
            for (JsonNode device : root.path("devices")) {
                devices.put(
                        kind + "=" + device.path("name").asString(""),
                        List.of(root.path("containerEdits"), device.path("containerEdits")));
            }
        } catch (JacksonException e) {
            throw new KelpException(
                    ErrorKind.INVALID_ARGUMENT,
                    "the CDI specification `" + path + "` is no JSON: " + e.getMessage(),
                    e);
        }
    }

    ContainerSpec apply(ContainerSpec spec) {
        List<DeviceSpec> nodes = new ArrayList<>(spec.security().devices());
        List<MountSpec> mounts = new ArrayList<>(spec.mounts());
        List<String> env = new ArrayList<>();
        for (String name : spec.security().cdiDevices()) {
            for (JsonNode edits : find(name)) {
                checkHooks(name, edits);
                edits.path("env").forEach(e -> env.add(e.asString("")));
                edits.path("deviceNodes").forEach(n -> nodes.add(node(name, n)));
                edits.path("mounts").forEach(m -> mounts.add(mount(name, m)));
            }
        }
        env.addAll(spec.process().env());
        return spec.withProcess(p -> p.withEnv(env))
                .withMounts(mounts.stream().distinct().toList())
                .withSecurity(
                        spec.security().withDevices(nodes.stream().distinct().toList()));
    }

    private List<JsonNode> find(String name) {
        return Optional.ofNullable(devices.get(name)).orElseThrow(() -> {
            KelpException e = KelpException.notFound("no CDI specification has a device `" + name + "`");
            if (!unread.isEmpty()) {
                return e.withHint("specifications in YAML are not read: " + String.join(", ", unread));
            }
            return devices.isEmpty()
                    ? e.withHint("there is no specification in /etc/cdi, /var/run/cdi or ~/.config/cdi")
                    : e.withHint("there are " + String.join(", ", devices.keySet()));
        });
    }

    /// A hook would run with this machine's files and the engine's rights.
    private static void checkHooks(String name, JsonNode edits) {
        if (edits.path("hooks").size() > 0) {
            throw new KelpException(
                    ErrorKind.UNSUPPORTED,
                    "the CDI device `" + name + "` wants hooks ("
                            + edits.path("hooks").path(0).path("path").asString("")
                            + "), which Kelp does not run");
        }
    }

    private static DeviceSpec node(String name, JsonNode n) {
        String path = n.path("path").asString("");
        String host = n.path("hostPath").asString(path);
        String permissions = n.path("permissions").asString("rwm");
        if (!path.startsWith("/") || !host.startsWith("/") || !permissions.matches("[rwm]{1,3}")) {
            throw KelpException.invalid("the CDI device `" + name + "` has the node `" + path + "` of no use");
        }
        return new DeviceSpec(host, path, permissions);
    }

    private static MountSpec mount(String name, JsonNode m) {
        String source = m.path("hostPath").asString("");
        String target = m.path("containerPath").asString("");
        if (!source.startsWith("/") || !target.startsWith("/")) {
            throw KelpException.invalid("the CDI device `" + name + "` has a mount without absolute paths");
        }
        List<String> options = new ArrayList<>();
        m.path("options").forEach(o -> options.add(o.asString("")));
        return new MountSpec("bind", source, target, options, null, null);
    }
}
