// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What is typed for `ctr`, containerd's own debugging client, in this program's words.
///
/// The same happens: an image is not fetched by `run`, a container has no network but its own loopback unless
/// `--net-host` or `--cni` is there, and its standard input is the user's.
final class ContainerdWords {
    static final String NAME = "ctr";

    private static final String HOST = "--net=host";
    private static final String ANY_NETWORK = "--cni";

    /// Flags that are switches; empty: without effect here.
    private static final Map<String, String> SWITCHES = Map.ofEntries(
            Map.entry("--detach", "--detach"),
            Map.entry("-d", "--detach"),
            Map.entry("--tty", "--tty"),
            Map.entry("-t", "--tty"),
            Map.entry("--rm", "--rm"),
            Map.entry("--net-host", HOST),
            Map.entry(ANY_NETWORK, ANY_NETWORK),
            Map.entry("--privileged", "--privileged"),
            Map.entry("--read-only", "--read-only"),
            Map.entry("--rootfs", "--rootfs"),
            Map.entry("--quiet", "--quiet"),
            Map.entry("-q", "--quiet"),
            Map.entry("--all", "--all"),
            Map.entry("-a", "--all"),
            Map.entry("--force", "--force"),
            Map.entry("-f", "--force"),
            Map.entry("--all-platforms", "--all-platforms"),
            Map.entry("--plain-http", "--insecure-registry"),
            Map.entry("--skip-verify", "--insecure-registry"),
            Map.entry("-k", "--insecure-registry"),
            Map.entry("--null-io", ""),
            Map.entry("--no-pivot", ""),
            Map.entry("--seccomp", ""),
            Map.entry("--runc-systemd-cgroup", ""),
            Map.entry("--sync", ""),
            Map.entry("--local", ""),
            Map.entry("--print-chainid", ""));

    /// Flags with a value; empty: without effect here.
    private static final Map<String, String> VALUES = Map.ofEntries(
            Map.entry("--env", "--env"),
            Map.entry("--env-file", "--env-file"),
            Map.entry("--cwd", "--workdir"),
            Map.entry("--user", "--user"),
            Map.entry("-u", "--user"),
            Map.entry("--label", "--label"),
            Map.entry("--annotation", "--annotation"),
            Map.entry("--hostname", "--hostname"),
            Map.entry("--memory-limit", "--memory"),
            Map.entry("--cpus", "--cpus"),
            Map.entry("--cpu-shares", "--cpu-shares"),
            Map.entry("--cpu-quota", "--cpu-quota"),
            Map.entry("--cpu-period", "--cpu-period"),
            Map.entry("--device", "--device"),
            Map.entry("--cap-add", "--cap-add"),
            Map.entry("--cap-drop", "--cap-drop"),
            Map.entry("--platform", "--platform"),
            Map.entry("--snapshotter", "--snapshotter"),
            Map.entry("--pid-file", "--pidfile"),
            Map.entry("--runc-binary", "--runtime"),
            Map.entry("--log-uri", "--log-driver"),
            Map.entry("--hosts-dir", "--hosts-dir"),
            Map.entry("--signal", "--signal"),
            Map.entry("-s", "--signal"),
            Map.entry("--mount", "--mount"),
            Map.entry("--runtime", ""),
            Map.entry("--runc-root", ""),
            Map.entry("--fifo-dir", ""),
            Map.entry("--cgroup", ""),
            Map.entry("--exec-id", ""));

    /// Commands and their other names, by group; the value is what they are here.
    private static final Map<String, Map<String, String>> GROUPS = Map.of(
            "images",
            Map.of(
                    "pull",
                    "pull",
                    "push",
                    "push",
                    "ls",
                    "images --names",
                    "rm",
                    "rmi",
                    "tag",
                    "tag",
                    "import",
                    "load",
                    "export",
                    "save"),
            "containers",
            Map.of("ls", "ps --all", "rm", "rm", "info", "inspect", "create", "create"),
            "tasks",
            Map.of(
                    "ls",
                    "ps",
                    "start",
                    "start",
                    "kill",
                    "kill",
                    "rm",
                    "rm",
                    "exec",
                    "exec",
                    "pause",
                    "pause",
                    "resume",
                    "unpause",
                    "attach",
                    "attach",
                    "ps",
                    "top",
                    "metrics",
                    "stats --no-stream"),
            "namespaces",
            Map.of("ls", "namespace ls", "create", "namespace create", "rm", "namespace rm"),
            "plugins",
            Map.of("ls", "system plugins"));

    private static final Map<String, String> OTHER_NAMES = Map.ofEntries(
            Map.entry("image", "images"),
            Map.entry("i", "images"),
            Map.entry("container", "containers"),
            Map.entry("c", "containers"),
            Map.entry("task", "tasks"),
            Map.entry("t", "tasks"),
            Map.entry("namespace", "namespaces"),
            Map.entry("ns", "namespaces"),
            Map.entry("plugin", "plugins"),
            Map.entry("list", "ls"),
            Map.entry("remove", "rm"),
            Map.entry("delete", "rm"),
            Map.entry("del", "rm"));

    private static final Set<String> MAKING = Set.of("run", "create");

    /// Commands whose first word is a file, which is a flag's value here.
    private static final Map<String, String> FILES = Map.of("load", "--input", "save", "--output");

    private static final Set<String> PLAIN = Set.of("version", "info", "events");

    private final List<String> rest;
    private final List<String> global = new ArrayList<>();

    private ContainerdWords(List<String> words) {
        rest = new ArrayList<>(words);
    }

    /// @param words behind the program's name
    static List<String> translate(List<String> words) {
        return new ContainerdWords(words).translate();
    }

    private List<String> translate() {
        globalFlags();
        if (rest.isEmpty() || rest.getFirst().equals("help") || rest.getFirst().equals("--help")) {
            throw KelpException.invalid("no command of ctr is named").withHint(known());
        }
        String word = rest.removeFirst();
        String first = OTHER_NAMES.getOrDefault(word, word);
        List<String> flags = new ArrayList<>();
        String command = first;
        if (GROUPS.containsKey(first)) {
            String action = rest.isEmpty() ? "" : rest.removeFirst();
            command = GROUPS.get(first).get(OTHER_NAMES.getOrDefault(action, action));
            if (command == null) {
                throw unknown((first + " " + action).strip());
            }
        } else if (!first.equals("run") && !PLAIN.contains(first)) {
            throw unknown(first);
        }
        flags(flags);
        List<String> out = new ArrayList<>(global);
        out.addAll(List.of(command.split(" ")));
        if (MAKING.contains(command)) {
            make(flags, command.equals("run"));
        } else if (FILES.containsKey(command)) {
            file(flags, FILES.get(command));
        } else if (command.equals("exec")) {
            flags.add("--interactive");
        } else if (command.startsWith("images") && flags.remove("--quiet")) {
            flags.add("--format={{.Name}}");
        }
        out.addAll(flags);
        out.addAll(rest);
        return out;
    }

    private static KelpException unknown(String words) {
        return new KelpException(ErrorKind.UNSUPPORTED, "`ctr " + words + "` has no equivalent here").withHint(known());
    }

    private static String known() {
        return "there are run, version, info, events, and pull, import, ls, rm, tag … of images, containers,"
                + " tasks, namespaces, plugins";
    }

    private void globalFlags() {
        while (!rest.isEmpty()
                && rest.getFirst().startsWith("-")
                && !rest.getFirst().equals("--help")) {
            String flag = rest.removeFirst();
            String name = flag.replaceFirst("=.*", "");
            switch (name) {
                case "--namespace", "-n" -> global.addAll(List.of("--namespace", value(flag)));
                case "--address", "-a" -> global.addAll(List.of("--address", value(flag)));
                case "--timeout", "--connect-timeout" -> value(flag);
                case "--debug" -> global.add("--debug");
                default -> throw KelpException.invalid("unknown flag: " + name);
            }
        }
    }

    /// Of a flag that was just taken.
    private String value(String flag) {
        int equals = flag.indexOf('=');
        if (equals >= 0) {
            return flag.substring(equals + 1);
        }
        if (rest.isEmpty()) {
            throw KelpException.invalid("flag needs an argument: " + flag);
        }
        return rest.removeFirst();
    }

    /// Takes the flags at the beginning of what is left.
    private void flags(List<String> to) {
        while (!rest.isEmpty()
                && rest.getFirst().startsWith("-")
                && rest.getFirst().length() > 1) {
            String flag = rest.removeFirst();
            if (flag.equals("--")) {
                return;
            }
            String name = flag.replaceFirst("=.*", "");
            if (SWITCHES.containsKey(name)) {
                add(to, SWITCHES.get(name));
            } else if (VALUES.containsKey(name)) {
                String value = value(flag);
                String here = VALUES.get(name);
                if (!here.isEmpty()) {
                    to.add(here + "=" + (here.equals("--mount") ? mount(value) : value));
                }
            } else {
                throw KelpException.invalid("unknown flag: " + name);
            }
        }
    }

    private static void add(List<String> to, String word) {
        if (!word.isEmpty()) {
            to.add(word);
        }
    }

    /// `-` is a standard stream, which no flag has to name here.
    private void file(List<String> flags, String flag) {
        if (rest.isEmpty()) {
            throw KelpException.invalid("name a file, or - for a standard stream");
        }
        String file = rest.removeFirst();
        if (!file.equals("-")) {
            flags.add(flag + "=" + file);
        }
    }

    /// `IMAGE ID [COMMAND…]` becomes `--name=ID IMAGE [COMMAND…]`.
    private void make(List<String> flags, boolean runs) {
        if (rest.size() < 2) {
            throw KelpException.invalid("name an image and the container's id: `ctr run IMAGE ID`");
        }
        if (!flags.remove(ANY_NETWORK) && !flags.contains(HOST)) {
            flags.add("--net=none");
        }
        if (runs && !flags.contains("--detach")) {
            flags.add("--interactive");
        }
        flags.addAll(List.of("--pull=never", "--name=" + rest.remove(1)));
    }

    /// `options=rbind:ro` are words of their own here.
    private static String mount(String value) {
        List<String> fields = new ArrayList<>();
        for (String field : value.split(",")) {
            if (!field.startsWith("options=")) {
                fields.add(field);
                continue;
            }
            for (String option : field.substring("options=".length()).split(":")) {
                switch (option) {
                    case "ro" -> fields.add("readonly");
                    case "rw", "bind", "rbind", "" -> {}
                    case "private", "rprivate", "shared", "rshared", "slave", "rslave" ->
                        fields.add("bind-propagation=" + option);
                    default -> throw KelpException.invalid("unknown option `" + option + "` of --mount");
                }
            }
        }
        return String.join(",", fields);
    }
}
