// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.Isolation;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The three files a container gets of its own: /etc/hosts, /etc/hostname and /etc/resolv.conf. They lie in the
/// container's folder and are bind-mounted, so that a later change (a network that is connected) is seen inside.
public final class NetworkFiles {
    public static final String HOSTS = "hosts";
    public static final String HOSTNAME = "hostname";
    public static final String RESOLV_CONF = "resolv.conf";

    private static final int HOST_FILE_BYTES_MAX = 1 << 20;
    private static final Path ETC = Path.of("/etc");

    private NetworkFiles() {}

    /// Writes the files into the container's folder.
    static void write(SpecInputs in) {
        write(in, ETC);
    }

    static void write(SpecInputs in, Path etc) {
        try {
            replace(in.folder().resolve(HOSTS), hosts(in, etc));
            replace(in.folder().resolve(HOSTNAME), in.hostname() + "\n");
            replace(in.folder().resolve(RESOLV_CONF), resolvConf(in.spec().isolation(), etc));
        } catch (IOException e) {
            throw new KelpException(
                    ErrorKind.INTERNAL, "write the container's files in " + in.folder() + ": " + e.getMessage(), e);
        }
    }

    /// In place: a bind mount shows the file, not its name.
    private static void replace(Path file, String text) throws IOException {
        Files.writeString(file, text);
    }

    private static String hosts(SpecInputs in, Path etc) throws IOException {
        StringBuilder text = new StringBuilder();
        if (in.hostNetwork()) {
            String host = read(etc.resolve("hosts"));
            text.append(host).append(host.isEmpty() || host.endsWith("\n") ? "" : "\n");
        }
        if (text.isEmpty()) {
            text.append("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::\tip6-localnet\n")
                    .append("ff00::\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n");
        }
        List<String> own = in.addresses().isEmpty() && !in.hostNetwork() ? List.of("127.0.1.1") : in.addresses();
        String domain = in.spec().isolation().domainname();
        String names =
                domain == null || domain.isEmpty() ? in.hostname() : in.hostname() + "." + domain + " " + in.hostname();
        own.forEach(address -> text.append(address).append('\t').append(names).append('\n'));
        for (String extra : in.spec().isolation().extraHosts()) {
            // the address may be IPv6, the name has no colon
            int colon = extra.indexOf(':');
            int equals = extra.indexOf('=');
            int at = equals > 0 && (colon < 0 || equals < colon) ? equals : colon;
            if (at <= 0 || at == extra.length() - 1 || extra.chars().anyMatch(c -> c <= ' ')) {
                throw KelpException.invalid("extra host `" + extra + "` is not NAME:ADDRESS");
            }
            String address = extra.substring(at + 1);
            if (address.startsWith("[") && address.endsWith("]")) {
                address = address.substring(1, address.length() - 1);
            }
            text.append(address).append('\t').append(extra, 0, at).append('\n');
        }
        return text.toString();
    }

    private static String resolvConf(Isolation isolation, Path etc) throws IOException {
        List<String> kept = new ArrayList<>();
        for (String line : read(etc.resolve("resolv.conf")).lines().toList()) {
            String word = line.trim().split("\\s+", 2)[0];
            boolean replaced = switch (word) {
                case "nameserver" -> !isolation.dns().isEmpty();
                case "search", "domain" -> !isolation.dnsSearch().isEmpty();
                case "options" -> !isolation.dnsOptions().isEmpty();
                default -> false;
            };
            if (!replaced) {
                kept.add(line);
            }
        }
        isolation.dns().forEach(address -> kept.add("nameserver " + checked(address)));
        List<String> search = isolation.dnsSearch();
        // Docker's word for "no search list at all"
        if (!search.isEmpty() && !search.equals(List.of("."))) {
            kept.add("search "
                    + String.join(
                            " ", search.stream().map(NetworkFiles::checked).toList()));
        }
        if (!isolation.dnsOptions().isEmpty()) {
            kept.add("options "
                    + String.join(
                            " ",
                            isolation.dnsOptions().stream()
                                    .map(NetworkFiles::checked)
                                    .toList()));
        }
        return kept.isEmpty() ? "" : String.join("\n", kept) + "\n";
    }

    private static String checked(String word) {
        if (word.isEmpty() || word.chars().anyMatch(c -> c <= ' ')) {
            throw KelpException.invalid("`" + word + "` cannot stand in /etc/resolv.conf");
        }
        return word;
    }

    private static String read(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return new String(in.readNBytes(HOST_FILE_BYTES_MAX), StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            return "";
        }
    }
}
