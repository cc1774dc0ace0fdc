// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import dev.kelp.launcher.api.ApiClient;
import dev.kelp.launcher.api.LauncherInfo;
import dev.kelp.launcher.port.PortSpec;
import dev.kelp.launcher.port.PortStatus;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;

/// `rootlessctl`: what the API says and does, for people.
final class RootlessCtl {
    private static final String HELP = """
            NAME:
               rootlessctl - ask a running rootlesskit

            USAGE:
               rootlessctl [--socket PATH] COMMAND [--json] [ARGUMENT...]

            COMMANDS:
               list-ports                                             list published ports
               add-ports PARENTIP:PARENTPORT:[CHILDIP:]CHILDPORT/PROTO...   publish ports, print their ids
               remove-ports ID...                                     stop publishing
               info                                                   show what is known of the launcher

            OPTIONS:
               --socket value  the socket (default: $ROOTLESSKIT_STATE_DIR/api.sock)
               --debug         say what is done
               --help, -h      print this
               --version, -v   print the version
            """;

    private static final int GAP = 4;

    private final CallerEnvironment caller;
    private final PrintStream out;
    private String socket = "";
    private boolean json;

    RootlessCtl(CallerEnvironment caller, PrintStream out) {
        this.caller = caller;
        this.out = out;
    }

    /// @param words with the program's own name first
    int run(List<String> words) {
        List<String> rest = options(words);
        String command = rest.isEmpty() ? "help" : rest.removeFirst();
        switch (command) {
            case "help" -> out.print(HELP);
            case "version" -> out.println("rootlessctl version " + Version.TEXT);
            case "list-ports" -> list();
            case "add-ports" -> add(rest);
            case "remove-ports" -> remove(rest);
            case "info" -> info();
            default ->
                throw KelpException.invalid("unknown command \"" + command + "\"")
                        .withHint("see rootlessctl --help");
        }
        out.flush();
        return 0;
    }

    private List<String> options(List<String> words) {
        List<String> rest = new ArrayList<>();
        for (int i = 1; i < words.size(); i++) {
            String word = words.get(i).startsWith("--") ? words.get(i).substring(1) : words.get(i);
            switch (word) {
                case "-json" -> json = true;
                case "-debug" -> {}
                case "-help", "-h" -> rest.addFirst("help");
                case "-version", "-v" -> rest.addFirst("version");
                case "-socket" -> {
                    if (++i == words.size()) {
                        throw KelpException.invalid("flag needs an argument: -socket");
                    }
                    socket = words.get(i);
                }
                default -> {
                    if (word.startsWith("-socket=")) {
                        socket = word.substring("-socket=".length());
                    } else if (word.startsWith("-")) {
                        throw KelpException.invalid("flag provided but not defined: " + word);
                    } else {
                        rest.add(word);
                    }
                }
            }
        }
        return rest;
    }

    private ApiClient api() {
        if (!socket.isEmpty()) {
            return new ApiClient(caller.resolve(socket));
        }
        return new ApiClient(caller.variable("ROOTLESSKIT_STATE_DIR")
                .map(folder -> Path.of(folder, "api.sock"))
                .orElseThrow(() -> KelpException.invalid("please specify --socket or set $ROOTLESSKIT_STATE_DIR")));
    }

    private void list() {
        List<PortStatus> ports = api().ports();
        if (json) {
            ports.forEach(p -> out.println(ApiClient.json(p)));
            return;
        }
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("ID", "PROTO", "PARENTIP", "PARENTPORT", "CHILDIP", "CHILDPORT"));
        for (PortStatus p : ports) {
            PortSpec s = p.spec();
            rows.add(List.of(
                    Long.toString(p.id()),
                    s.proto(),
                    s.parentIP(),
                    Integer.toString(s.parentPort()),
                    s.childIP(),
                    Integer.toString(s.childPort())));
        }
        table(rows).forEach(out::println);
    }

    /// Each column is as wide as its longest cell and four blanks, the last one too.
    static List<String> table(List<List<String>> rows) {
        List<StringBuilder> lines = rows.stream().map(_ -> new StringBuilder()).toList();
        for (int column = 0; column < rows.getFirst().size(); column++) {
            int at = column;
            int width = rows.stream().mapToInt(r -> r.get(at).length()).max().orElse(0) + GAP;
            for (int i = 0; i < lines.size(); i++) {
                String cell = rows.get(i).get(column);
                lines.get(i).append(cell).repeat(' ', width - cell.length());
            }
        }
        return lines.stream().map(StringBuilder::toString).toList();
    }

    private void add(List<String> specs) {
        require(specs, "no port specified");
        List<PortSpec> parsed = specs.stream().map(PortSpec::parse).toList();
        ApiClient api = api();
        for (PortSpec spec : parsed) {
            PortStatus added = api.add(spec);
            out.println(json ? ApiClient.json(added) : Long.toString(added.id()));
        }
    }

    private void remove(List<String> ids) {
        require(ids, "no ID specified");
        for (String id : ids) {
            if (!id.matches("\\d{1,18}")) {
                throw KelpException.invalid("`" + id + "` is not the id of a port");
            }
        }
        ApiClient api = api();
        for (String id : ids) {
            api.remove(Long.parseLong(id));
            out.println(id);
        }
    }

    private static void require(List<String> words, String otherwise) {
        if (words.isEmpty()) {
            throw KelpException.invalid(otherwise);
        }
    }

    private void info() {
        LauncherInfo info = api().info();
        if (json) {
            DefaultIndenter blanks = new DefaultIndenter("    ", "\n");
            DefaultPrettyPrinter printer = new DefaultPrettyPrinter(
                            Separators.createDefaultInstance().withObjectNameValueSpacing(Separators.Spacing.AFTER))
                    .withObjectIndenter(blanks)
                    .withArrayIndenter(blanks);
            out.println(OciJson.mapper().writer().with(printer).writeValueAsString(info));
            return;
        }
        out.println("- REST API version: " + info.apiVersion());
        out.println("- Implementation version: " + info.version());
        out.println("- State Directory: " + info.stateDir());
        out.println("- Child PID: " + info.childPID());
        LauncherInfo.NetworkDriver network = info.networkDriver();
        if (network != null) {
            out.println("- Network Driver: " + network.driver());
            out.println("  - DNS: " + list(network.dns()));
            if (network.childIP() != null) {
                out.println("  - IP: " + network.childIP());
            }
        }
        LauncherInfo.PortDriverInfo ports = info.portDriver();
        if (ports != null) {
            out.println("- Port Driver: " + ports.driver());
            out.println("  - Supported protocols: " + list(ports.protos()));
        }
    }

    /// As Go prints a slice.
    private static String list(@Nullable List<String> values) {
        return "[" + String.join(" ", values == null ? List.of() : values) + "]";
    }
}
