// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli;

import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.ISetter;
import picocli.CommandLine.Model.OptionSpec;

/// The flags before the command's name. All but the short ones are understood after it too. What is not given as a flag
/// comes from the environment, else from the [settings file][SettingsFile], else it is the default.
///
/// They are read by hand and not by picocli: a command line is then one picocli model and not two.
public final class GlobalFlags {
    /// What a setting's value is.
    public enum Kind {
        SWITCH,
        TEXT,
        LIST
    }

    /// A setting.
    ///
    /// @param key its name in a settings file
    /// @param names empty: it has no flag
    /// @param variable of the environment; empty: none
    /// @param label what stands for the value in the help
    public record Row(String key, Kind kind, List<String> names, String variable, String label, String description) {
        boolean isSwitch() {
            return kind == Kind.SWITCH;
        }
    }

    /// All of them, in the order of the help.
    public static final List<Row> ROWS = List.of(
            row("namespace", Kind.TEXT, "-n --namespace", "CONTAINERD_NAMESPACE NAME")
                    .saying("set of images and containers to work with (default: default)"),
            row("debug", Kind.SWITCH, "--debug", "").saying("print the cause of errors"),
            row("debug_full", Kind.SWITCH, "--debug-full", "").saying("the same"),
            row("snapshotter", Kind.TEXT, "--snapshotter --storage-driver", "CONTAINERD_SNAPSHOTTER NAME")
                    .saying("overlayfs or native (default: the best that works here)"),
            row("hosts_dir", Kind.LIST, "--hosts-dir", "DIR")
                    .saying("folder of hosts.toml files for registries; may be repeated"),
            row("insecure_registry", Kind.SWITCH, "--insecure-registry", "")
                    .saying("accept plain http and certificates that do not verify"),
            row("tls_verify", Kind.SWITCH, "--tls-verify", "").saying("=false: the same as --insecure-registry"),
            row("host_gateway_ip", Kind.TEXT, "--host-gateway-ip", "NERDCTL_HOST_GATEWAY_IP ADDRESS")
                    .saying("what host-gateway means for --add-host (default: this machine's address)"),
            row("cdi_spec_dirs", Kind.LIST, "--cdi-spec-dirs", "DIR")
                    .saying("folders that describe CDI devices (default: /etc/cdi, /var/run/cdi, ~/.config/cdi)"),
            row("userns_remap", Kind.TEXT, "--userns-remap", "NAME")
                    .saying("whose subordinate ids containers get, unless they ask for others (default: yours)"),
            row("kube_hide_dupe", Kind.SWITCH, "--kube-hide-dupe", "")
                    .saying("in the namespace k8s.io, list images that have a name under that alone"),
            row("network_accel", Kind.SWITCH, "", "KELP_NETWORK_ACCEL ")
                    .saying("--network-accel for containers and networks that say nothing of it"),
            row("address", Kind.TEXT, "-a -H --address --host", "CONTAINERD_ADDRESS ADDRESS")
                    .saying("socket of the engine, or a link to it (default: your own engine's)"),
            row("context", Kind.TEXT, "-c --context", "NAME").saying("default, the only one"),
            row("cgroup_manager", Kind.TEXT, "--cgroup-manager", "NAME")
                    .saying("who makes cgroups: systemd, cgroupfs or none (default: the first that works)"),
            row("best_effort_limits", Kind.SWITCH, "--best-effort-limits", "KELP_BEST_EFFORT_LIMITS ")
                    .saying("warn of a limit for which the machine delegates no controller, do not refuse it"),
            row("data_root", Kind.TEXT, "--data-root", "DIR")
                    .saying("must be the data root in use; choose another one by $KELP_DATA_ROOT"),
            row("bridge_ip", Kind.TEXT, "--bridge-ip", "NERDCTL_BRIDGE_IP ADDRESS/BITS")
                    .saying("has no effect: the default network's address is fixed"),
            row("cni_path", Kind.TEXT, "--cni-path", "CNI_PATH DIR")
                    .saying("where the plugins of configured networks lie (default: /opt/cni/bin, /usr/lib/cni)"),
            row("cni_netconfpath", Kind.TEXT, "--cni-netconfpath", "NETCONFPATH DIR")
                    .saying("folder of networks configured for CNI plugins (default: ~/.config/cni/net.d)"),
            row("selinux_enabled", Kind.SWITCH, "--selinux-enabled", "")
                    .saying("has no effect: containers get no SELinux labels"),
            row("experimental", Kind.SWITCH, "--experimental", "NERDCTL_EXPERIMENTAL ")
                    .saying("has no effect: nothing is hidden behind it"),
            row("dns", Kind.LIST, "", "").saying("name servers of containers that ask for none"),
            row("dns_opts", Kind.LIST, "", "").saying("their options for resolv.conf"),
            row("dns_search", Kind.LIST, "", "").saying("their search domains"),
            row("disable_hc_systemd", Kind.SWITCH, "", "").saying("has no effect: health checks need no systemd"));

    /// @param where a variable's name before the label, when there is one
    private static Described row(String key, Kind kind, String names, String where) {
        int space = where.indexOf(' ');
        return text -> new Row(
                key,
                kind,
                names.isEmpty() ? List.of() : List.of(names.split(" ")),
                space < 0 ? "" : where.substring(0, space),
                where.substring(space + 1),
                text);
    }

    private interface Described {
        Row saying(String text);
    }

    private final Map<String, List<String>> given = new HashMap<>();
    private Map<String, List<String>> found = Map.of();
    private boolean help;
    private boolean version;

    /// Nothing set.
    public GlobalFlags() {}

    /// Reads the flags at the start of `words`.
    ///
    /// @return the index of the first word that is no global flag, the command's name
    public int parse(List<String> words) {
        int at = 0;
        while (at < words.size()) {
            String word = words.get(at);
            if (!word.startsWith("-") || word.equals("-")) {
                break;
            }
            at++;
            switch (word) {
                case "--" -> {
                    return at;
                }
                case "-h", "--help" -> help = true;
                case "-v", "--version" -> version = true;
                default -> at += parseFlag(word, at < words.size() ? words.get(at) : null);
            }
        }
        return at;
    }

    /// @return how many words after `word` were taken
    private int parseFlag(String word, @Nullable String next) {
        boolean isLong = word.startsWith("--");
        int equals = word.indexOf('=');
        String name = isLong ? equals < 0 ? word : word.substring(0, equals) : word.substring(0, 2);
        Row row = find(name).orElseThrow(() -> new UnknownFlagException(name));
        String attached = null;
        if (isLong && equals >= 0) {
            attached = word.substring(equals + 1);
        } else if (!isLong && word.length() > 2) {
            attached = word.substring(word.charAt(2) == '=' ? 3 : 2);
        }
        if (attached != null) {
            give(row, attached);
            return 0;
        }
        if (row.isSwitch()) {
            give(row, "true");
            return 0;
        }
        if (next == null) {
            throw KelpException.invalid("flag needs an argument: " + name);
        }
        give(row, next);
        return 1;
    }

    /// Thrown for a flag that is no global one, so that a similar one can be proposed.
    public static final class UnknownFlagException extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final String flag;

        UnknownFlagException(String flag) {
            super("unknown flag: " + flag, null, false, false);
            this.flag = flag;
        }

        public String flag() {
            return flag;
        }
    }

    private static Optional<Row> find(String name) {
        return ROWS.stream().filter(r -> r.names.contains(name)).findFirst();
    }

    private void give(Row row, String value) {
        switch (row.kind) {
            case SWITCH -> given.put(row.key, List.of(Boolean.toString(truth(value))));
            case TEXT -> given.put(row.key, List.of(value));
            case LIST -> given.computeIfAbsent(row.key, k -> new ArrayList<>()).addAll(List.of(value.split(",")));
        }
        check(row.key, value);
    }

    /// Refuses a value that cannot be meant, wherever it comes from.
    static void check(String key, String value) {
        if (key.equals("cgroup_manager")
                && !List.of("systemd", "cgroupfs", "none", "disabled").contains(value)) {
            throw KelpException.invalid("unknown cgroup manager `" + value + "`")
                    .withHint("use systemd, cgroupfs or none");
        }
        if (key.equals("context") && !value.equals("default") && !value.isEmpty()) {
            throw KelpException.notFound("context \"" + value + "\": not found").withHint("the only one is default");
        }
        if (key.equals("host_gateway_ip") && !value.isEmpty() && !value.matches("[0-9a-fA-F:.]{2,45}")) {
            throw KelpException.invalid("invalid address `" + value + "` for host-gateway");
        }
    }

    /// Adds what the environment and the settings file say where no flag does.
    ///
    /// @param file what it says, by key
    public void complete(Map<String, String> variables, Map<String, List<String>> file) {
        Map<String, List<String>> all = new HashMap<>(file);
        for (Row row : ROWS) {
            String value = row.variable.isEmpty() ? null : variables.get(row.variable);
            if (value != null && !value.isEmpty()) {
                if (row.isSwitch()) {
                    value = Boolean.toString(truth(value));
                }
                check(row.key, value);
                all.put(row.key, List.of(value));
            }
        }
        found = all;
    }

    /// Lets a command take these flags too, except names the command itself uses.
    ///
    /// @param target whose flags a parse sets: asked at each one, as the model of a command serves many calls
    public static void addTo(CommandSpec spec, Supplier<GlobalFlags> target) {
        for (Row row : ROWS) {
            String[] names = row.names.stream()
                    .filter(n -> n.startsWith("--") && !spec.optionsMap().containsKey(n))
                    .toArray(String[]::new);
            if (names.length > 0) {
                ISetter setter = new ISetter() {
                    @Override
                    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
                    public <T> T set(T value) {
                        if (value != null) {
                            target.get().give(row, value.toString());
                        }
                        return value;
                    }
                };
                spec.addOption(OptionSpec.builder(names)
                        .type(row.isSwitch() ? Boolean.class : String.class)
                        .arity(row.isSwitch() ? "0..1" : "1")
                        .fallbackValue(row.isSwitch() ? "true" : null)
                        .setter(setter)
                        .hidden(true)
                        .build());
            }
        }
    }

    private static boolean truth(String value) {
        return switch (value) {
            case "true", "1", "t", "T", "TRUE", "True" -> true;
            case "false", "0", "f", "F", "FALSE", "False" -> false;
            default -> throw KelpException.invalid("`" + value + "` is neither true nor false");
        };
    }

    /// The folder of network configurations; empty: the usual one.
    public String cniFolder() {
        return Optional.ofNullable(text("cni_netconfpath")).orElse("");
    }

    /// Folders of network plugins, separated by colons; empty: the usual ones.
    public String cniPath() {
        return Optional.ofNullable(text("cni_path")).orElse("");
    }

    /// A flag's own value, without environment and file.
    public Optional<String> given(String key) {
        return Optional.ofNullable(given.get(key)).map(List::getLast);
    }

    private List<String> values(String key) {
        List<String> flag = given.get(key);
        return List.copyOf(flag != null ? flag : found.getOrDefault(key, List.of()));
    }

    private @Nullable String text(String key) {
        List<String> values = values(key);
        return values.isEmpty() || values.getLast().isEmpty() ? null : values.getLast();
    }

    private boolean isOn(String key) {
        return "true".equals(text(key));
    }

    public @Nullable String namespace() {
        return text("namespace");
    }

    public @Nullable String snapshotter() {
        return text("snapshotter");
    }

    public @Nullable String hostGateway() {
        return text("host_gateway_ip");
    }

    /// Whose subordinate ids a container has; null: the user's own.
    public @Nullable String idsOf() {
        return text("userns_remap");
    }

    public List<String> hostsDirs() {
        return values("hosts_dir");
    }

    public List<String> cdiFolders() {
        return values("cdi_spec_dirs");
    }

    public List<String> dns() {
        return values("dns");
    }

    public List<String> dnsOptions() {
        return values("dns_opts");
    }

    public List<String> dnsSearch() {
        return values("dns_search");
    }

    /// Either flag wins over both keys of the settings file.
    public boolean insecureRegistry() {
        Optional<String> insecure = given("insecure_registry");
        Optional<String> verified = given("tls_verify");
        if (insecure.isPresent() || verified.isPresent()) {
            return insecure.equals(Optional.of("true")) || verified.equals(Optional.of("false"));
        }
        return isOn("insecure_registry") || "false".equals(text("tls_verify"));
    }

    /// Who makes the cgroups of containers; null: the best there is.
    public @Nullable String cgroupManager() {
        String name = text("cgroup_manager");
        return "disabled".equals(name) ? "none" : name;
    }

    /// Whether containers start although a limit of theirs cannot be kept.
    public boolean limitsAreWishes() {
        return isOn("best_effort_limits");
    }

    /// Whether containers have network acceleration that say nothing of it.
    public boolean acceleratesNetworks() {
        return isOn("network_accel");
    }

    public boolean hidesDuplicateImages() {
        return isOn("kube_hide_dupe");
    }

    public boolean debug() {
        return isOn("debug") || isOn("debug_full");
    }

    public boolean help() {
        return help;
    }

    public boolean version() {
        return version;
    }

    /// The keys that a settings file may have.
    static List<String> keys() {
        return ROWS.stream().map(Row::key).sorted().toList();
    }
}
