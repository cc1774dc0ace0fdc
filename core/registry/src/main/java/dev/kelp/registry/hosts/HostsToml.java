// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.hosts;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.registry.hosts.RegistryHost.Capability;
import dev.kelp.registry.http.Tls;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.toml.TomlMapper;

/// Reads one `hosts.toml` (containerd, "Registry Configuration"). Unknown keys are ignored, as containerd does.
final class HostsToml {
    private static final int HOSTS_MAX = 64;
    private static final int LIST_MAX = 64;
    private static final TomlMapper TOML = new TomlMapper();
    private static final Pattern DURATION_PART = Pattern.compile("([0-9]+(?:\\.[0-9]+)?)(h|ms|m|s|us|µs|ns)");
    /// Headers that the HTTP client writes itself; setting them would break requests in ways hard to see.
    private static final Set<String> RESERVED_HEADERS =
            Set.of("connection", "content-length", "expect", "host", "upgrade", "transfer-encoding", "range");

    private final String folder;
    private final String domain;
    private final ConfigFiles files;

    /// A file in its place.
    ///
    /// @param folder where the file lies; relative paths in it start there
    HostsToml(String folder, String domain, ConfigFiles files) {
        this.folder = folder;
        this.domain = domain;
        this.files = files;
    }

    List<RegistryHost> parse(byte[] bytes, boolean insecure) {
        JsonNode file;
        try {
            file = TOML.readTree(bytes);
        } catch (JacksonException | NumberFormatException | ArithmeticException e) {
            throw new KelpException(ErrorKind.INVALID_ARGUMENT, where() + " does not parse: " + firstLine(e), e);
        }
        List<RegistryHost> hosts = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : table(file, "host").properties()) {
            if (hosts.size() >= HOSTS_MAX) {
                throw bad("lists more than " + HOSTS_MAX + " hosts");
            }
            if (!entry.getValue().isObject()) {
                throw bad("has a host `" + entry.getKey() + "` that is no table");
            }
            hosts.add(host(entry.getKey(), entry.getValue(), insecure));
        }
        String server = string(file, "server");
        if (server.isEmpty()) {
            RegistryHost plain = HostsLookup.server(domain, tls(file), insecure);
            hosts.add(new RegistryHost(
                    plain.base(),
                    plain.alternate(),
                    capabilities(file),
                    plain.tls(),
                    headers(file),
                    dialTimeout(file),
                    plain.plainHttpAllowed()));
        } else {
            hosts.add(host(server, file, insecure));
        }
        return List.copyOf(hosts);
    }

    private RegistryHost host(String url, JsonNode table, boolean insecure) {
        boolean overridePath = table.path("override_path").asBoolean(false);
        URI base = base(url, overridePath);
        boolean plain = "http".equalsIgnoreCase(base.getScheme());
        boolean schemeGiven = url.contains("://");
        Tls tls = tls(table);
        boolean loose = insecure || (!schemeGiven && HostsLookup.isLoopback(base.getRawAuthority()));
        return new RegistryHost(
                base,
                loose && !plain
                        ? Optional.of(URI.create("http" + base.toString().substring(5)))
                        : Optional.empty(),
                capabilities(table),
                loose && tls.caPem().isEmpty() ? tls.withSkipVerify() : tls,
                headers(table),
                dialTimeout(table),
                plain || loose);
    }

    private URI base(String url, boolean overridePath) {
        URI uri;
        try {
            uri = URI.create(url.contains("://") ? url : "https://" + url);
        } catch (IllegalArgumentException e) {
            throw bad("names a host `" + url + "` that is not a URL");
        }
        boolean http = "http".equalsIgnoreCase(uri.getScheme()) || "https".equalsIgnoreCase(uri.getScheme());
        if (!http || uri.getHost() == null || uri.getRawQuery() != null || uri.getUserInfo() != null) {
            throw bad("names a host `" + url + "` that is not a plain http or https URL");
        }
        String authority = uri.getRawAuthority();
        String path = strippedPath(uri);
        if (authority.equals("docker.io") || authority.equals("index.docker.io")) {
            authority = "registry-1.docker.io";
        }
        if (!overridePath && !path.endsWith("/v2")) {
            path += "/v2";
        }
        return URI.create(uri.getScheme().toLowerCase(Locale.ROOT) + "://" + authority + path);
    }

    private static String strippedPath(URI uri) {
        String path = uri.getRawPath() == null ? "" : uri.getRawPath();
        while (path.endsWith("/")) {
            path = path.substring(0, path.length() - 1);
        }
        return path;
    }

    private Set<Capability> capabilities(JsonNode table) {
        JsonNode list = table.path("capabilities");
        if (list.isMissingNode()) {
            return EnumSet.allOf(Capability.class);
        }
        Set<Capability> all = EnumSet.noneOf(Capability.class);
        for (String word : strings(list, "capabilities")) {
            switch (word.toLowerCase(Locale.ROOT)) {
                case "pull" -> all.add(Capability.PULL);
                case "resolve" -> all.add(Capability.RESOLVE);
                case "push" -> all.add(Capability.PUSH);
                default -> throw bad("has an unknown capability `" + word + "`");
            }
        }
        return all;
    }

    private Tls tls(JsonNode table) {
        List<String> ca = new ArrayList<>();
        for (String path : strings(table.path("ca"), "ca")) {
            ca.add(pem(path));
        }
        return new Tls(
                ca, clients(table.path("client")), table.path("skip_verify").asBoolean(false));
    }

    /// `client` is one file with both, a list of such files, or a list of pairs of certificate and key.
    private List<Tls.ClientPair> clients(JsonNode value) {
        List<Tls.ClientPair> pairs = new ArrayList<>();
        if (value.isString()) {
            String both = pem(value.stringValue());
            pairs.add(new Tls.ClientPair(both, both));
        } else if (value.isArray() && value.size() <= LIST_MAX) {
            for (JsonNode item : value) {
                List<String> files = strings(item, "client");
                if (files.isEmpty() || files.size() > 2) {
                    throw bad("has a `client` that is no pair of certificate and key");
                }
                pairs.add(new Tls.ClientPair(pem(files.getFirst()), pem(files.getLast())));
            }
        } else if (!value.isMissingNode()) {
            throw bad("has a `client` that is neither a path nor a list");
        }
        return pairs;
    }

    private String pem(String path) {
        String full = path.startsWith("/") ? path : folder + "/" + path;
        return files.read(full)
                .map(b -> new String(b, StandardCharsets.ISO_8859_1))
                .orElseThrow(() -> bad("names `" + full + "`, which does not exist"));
    }

    private Map<String, List<String>> headers(JsonNode table) {
        Map<String, List<String>> headers = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> e : table(table, "header").properties()) {
            String name = e.getKey();
            if (!name.matches("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
                    || RESERVED_HEADERS.contains(name.toLowerCase(Locale.ROOT))) {
                throw bad("sets a header `" + name + "` that may not be set");
            }
            List<String> values = strings(e.getValue(), "header." + name);
            if (!values.stream().allMatch(v -> v.chars().allMatch(c -> c == '\t' || (c >= ' ' && c < 0x7f)))) {
                throw bad("sets the header `" + name + "` to something that is not printable ASCII");
            }
            headers.put(name, values);
        }
        return headers;
    }

    private Optional<Duration> dialTimeout(JsonNode table) {
        JsonNode value = table.path("dial_timeout");
        if (value.isMissingNode()) {
            return Optional.empty();
        }
        if (value.isNumber() && value.asLong(0) > 0 && value.asLong(0) < 86_400) {
            return Optional.of(Duration.ofSeconds(value.asLong(0)));
        }
        Duration d = value.isString() ? duration(value.stringValue()) : Duration.ZERO;
        if (d.isZero() || d.compareTo(Duration.ofDays(1)) > 0) {
            throw bad("has a `dial_timeout` that is no duration such as \"10s\"");
        }
        return Optional.of(d);
    }

    /// Go's notation: `1m30s`, `500ms`; zero when it does not parse.
    private static Duration duration(String text) {
        Matcher m = DURATION_PART.matcher(text);
        double nanos = 0;
        int at = 0;
        while (m.find() && m.start() == at && text.length() < 40) {
            nanos += Double.parseDouble(m.group(1))
                    * switch (m.group(2)) {
                        case "h" -> 3600e9;
                        case "m" -> 60e9;
                        case "s" -> 1e9;
                        case "ms" -> 1e6;
                        case "ns" -> 1;
                        default -> 1e3;
                    };
            at = m.end();
        }
        return at == text.length() && at > 0 ? Duration.ofNanos((long) Math.min(nanos, 1e17)) : Duration.ZERO;
    }

    private JsonNode table(JsonNode parent, String name) {
        JsonNode node = parent.path(name);
        if (!node.isMissingNode() && !node.isObject()) {
            throw bad("has a `" + name + "` that is no table");
        }
        return node;
    }

    private String string(JsonNode table, String name) {
        JsonNode node = table.path(name);
        if (!node.isMissingNode() && !node.isString()) {
            throw bad("has a `" + name + "` that is no string");
        }
        return node.asString("");
    }

    /// A string, or a list of strings.
    private List<String> strings(JsonNode node, String name) {
        if (node.isMissingNode()) {
            return List.of();
        }
        if (node.isString()) {
            return List.of(node.stringValue());
        }
        List<String> all = new ArrayList<>();
        if (!node.isArray() || node.size() > LIST_MAX) {
            throw bad("has a `" + name + "` that is neither a string nor a list of at most " + LIST_MAX);
        }
        for (JsonNode item : node) {
            if (!item.isString()) {
                throw bad("has a `" + name + "` with an item that is no string");
            }
            all.add(item.stringValue());
        }
        return all;
    }

    private String where() {
        return "`" + folder + "/hosts.toml`";
    }

    private KelpException bad(String why) {
        return KelpException.invalid(where() + " " + why);
    }

    private static String firstLine(Exception e) {
        String message = e instanceof JacksonException j ? j.getOriginalMessage() : e.getMessage();
        return String.valueOf(message).lines().findFirst().orElse("");
    }
}
