// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.receiver;

import dev.kelp.model.KelpException;
import dev.kelp.model.container.Logging;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The drivers that send logs on, by Docker's names, with Docker's options.
public final class LogReceivers {
    private static final int SYSLOG_PORT = 514;
    private static final int FLUENTD_PORT = 24_224;
    private static final int DAEMON = 3;
    private static final List<String> FACILITIES = List.of(
            "kern",
            "user",
            "mail",
            "daemon",
            "auth",
            "syslog",
            "lpr",
            "news",
            "uucp",
            "cron",
            "authpriv",
            "ftp",
            "",
            "",
            "",
            "",
            "local0",
            "local1",
            "local2",
            "local3",
            "local4",
            "local5",
            "local6",
            "local7");
    private static final int PEM_BYTES_MAX = 1 << 20;
    private static final List<String> LOCAL_SOCKETS = List.of("/dev/log", "/var/run/syslog", "/var/run/log");

    private static final Map<String, Set<String>> OPTIONS = Map.of(
            "journald", Set.of(),
            "syslog",
                    Set.of(
                            "syslog-address",
                            "syslog-facility",
                            "syslog-format",
                            "syslog-tls-ca-cert",
                            "syslog-tls-cert",
                            "syslog-tls-key",
                            "syslog-tls-skip-verify"),
            "fluentd",
                    Set.of(
                            "fluentd-address",
                            "fluentd-async",
                            "fluentd-async-connect",
                            "fluentd-async-reconnect-interval",
                            "fluentd-buffer-limit",
                            "fluentd-max-retries",
                            "fluentd-request-ack",
                            "fluentd-retry-wait",
                            "fluentd-sub-second-precision"));

    private LogReceivers() {}

    public static boolean isDriver(String name) {
        return OPTIONS.containsKey(name) || BinaryReceiver.isUri(name);
    }

    /// The options that only this driver has.
    public static Set<String> options(String driver) {
        return OPTIONS.getOrDefault(driver, Set.of());
    }

    /// Whether containers start although nobody listens yet.
    public static boolean isAsynchronous(Logging logging) {
        return logging.driver().equals("fluentd")
                && (truth(logging, "fluentd-async") || truth(logging, "fluentd-async-connect"));
    }

    /// Refuses wrong options.
    public static void check(Logging logging) {
        switch (logging.driver()) {
            case "syslog" -> {
                syslogAddress(logging);
                style(logging);
                tlsFiles(logging);
                truth(logging, "syslog-tls-skip-verify");
            }
            case "fluentd" -> {
                fluentdAddress(logging);
                fluentd(logging);
                isAsynchronous(logging);
            }
            default -> {
                if (BinaryReceiver.isUri(logging.driver())) {
                    BinaryReceiver.command(logging.driver());
                }
            }
        }
    }

    /// Connects.
    ///
    /// @param hostname this machine's
    public static LogReceiver open(Logging logging, Origin origin, String hostname) throws IOException {
        return switch (logging.driver()) {
            case "journald" ->
                new JournalReceiver(
                        Wire.open(new Address("unixgram", JournalReceiver.SOCKET, 0), Optional.empty()), origin);
            case "syslog" -> new SyslogReceiver(syslog(logging), style(logging), origin, hostname);
            case "fluentd" ->
                new FluentdReceiver(Wire.open(fluentdAddress(logging), Optional.empty()), fluentd(logging), origin);
            default -> throw new IOException("`" + logging.driver() + "` is not a driver that sends logs on");
        };
    }

    private static Wire syslog(Logging logging) throws IOException {
        Optional<Address> address = syslogAddress(logging);
        if (address.isPresent()) {
            boolean encrypted = address.get().scheme().equals("tcp+tls");
            return Wire.open(address.get(), encrypted ? Optional.of(Tls.of(tls(logging))) : Optional.empty());
        }
        for (String path : LOCAL_SOCKETS) {
            for (String scheme : List.of("unixgram", "unix")) {
                if (Files.exists(Path.of(path))) {
                    try {
                        return Wire.open(new Address(scheme, path, 0), Optional.empty());
                    } catch (IOException e) {
                        // of the other kind, or nobody listens
                    }
                }
            }
        }
        throw new IOException("no syslog daemon listens on this machine (" + String.join(", ", LOCAL_SOCKETS) + ")");
    }

    /// The files are read at each connection: certificates are renewed.
    private static Tls.Settings tls(Logging logging) throws IOException {
        TlsFiles files = tlsFiles(logging);
        return new Tls.Settings(
                pem(files.ca), pem(files.certificate), pem(files.key), truth(logging, "syslog-tls-skip-verify"));
    }

    private static String pem(String path) throws IOException {
        if (path.isEmpty()) {
            return "";
        }
        try (InputStream in = Files.newInputStream(Path.of(path))) {
            byte[] bytes = in.readNBytes(PEM_BYTES_MAX + 1);
            if (bytes.length > PEM_BYTES_MAX) {
                throw new IOException("`" + path + "` is larger than " + PEM_BYTES_MAX + " bytes");
            }
            return new String(bytes, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException e) {
            throw new IOException("`" + path + "` does not exist", e);
        }
    }

    /// Empty: not given.
    private record TlsFiles(String ca, String certificate, String key) {}

    private static TlsFiles tlsFiles(Logging logging) {
        List<String> paths = new ArrayList<>();
        for (String option : List.of("syslog-tls-ca-cert", "syslog-tls-cert", "syslog-tls-key")) {
            String path = logging.options().getOrDefault(option, "");
            if (!path.isEmpty() && !path.startsWith("/")) {
                throw KelpException.invalid("invalid " + option + " `" + path + "`: expected an absolute path");
            }
            paths.add(path);
        }
        if (paths.get(1).isEmpty() != paths.get(2).isEmpty()) {
            throw KelpException.invalid(
                    "syslog-tls-cert and syslog-tls-key belong together, and one of them is missing");
        }
        return new TlsFiles(paths.get(0), paths.get(1), paths.get(2));
    }

    private static Optional<Address> syslogAddress(Logging logging) {
        return Optional.ofNullable(logging.options().get("syslog-address"))
                .map(a -> Address.parse(a, List.of("udp", "tcp", "tcp+tls", "unix", "unixgram"), SYSLOG_PORT));
    }

    private static SyslogReceiver.Style style(Logging logging) {
        String named = logging.options().getOrDefault("syslog-format", "");
        SyslogReceiver.Format format = switch (named) {
            case "" -> SyslogReceiver.Format.LOCAL;
            case "rfc3164", "rfc5424", "rfc5424micro" -> SyslogReceiver.Format.valueOf(named.toUpperCase(Locale.ROOT));
            default ->
                throw KelpException.invalid("invalid syslog-format `" + named + "`")
                        .withHint("use rfc3164, rfc5424 or rfc5424micro");
        };
        boolean encrypted =
                syslogAddress(logging).filter(a -> a.scheme().equals("tcp+tls")).isPresent();
        boolean counted = encrypted && named.startsWith("rfc5424");
        return new SyslogReceiver.Style(format, facility(logging), counted);
    }

    private static int facility(Logging logging) {
        String named = logging.options().getOrDefault("syslog-facility", "");
        if (named.isEmpty()) {
            return DAEMON;
        }
        int number = named.matches("[0-9]{1,2}") ? Integer.parseInt(named) : FACILITIES.indexOf(named);
        if (number < 0 || number >= FACILITIES.size()) {
            throw KelpException.invalid("invalid syslog-facility `" + named + "`")
                    .withHint("use a name such as daemon, user or local0, or a number from 0 to 23");
        }
        return number;
    }

    private static Address fluentdAddress(Logging logging) {
        String text = logging.options().getOrDefault("fluentd-address", "127.0.0.1:" + FLUENTD_PORT);
        return Address.parse(text, List.of("tcp", "unix"), FLUENTD_PORT);
    }

    private static FluentdReceiver.Settings fluentd(Logging logging) {
        return new FluentdReceiver.Settings(
                truth(logging, "fluentd-sub-second-precision"), truth(logging, "fluentd-request-ack"));
    }

    private static boolean truth(Logging logging, String option) {
        String value = logging.options().getOrDefault(option, "false");
        return switch (value.toLowerCase(Locale.ROOT)) {
            case "true", "1", "t" -> true;
            case "false", "0", "f" -> false;
            default -> throw KelpException.invalid("invalid " + option + " `" + value + "`: expected true or false");
        };
    }
}
