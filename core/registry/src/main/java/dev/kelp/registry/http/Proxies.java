// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.http;

import dev.kelp.model.KelpException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The values of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY`, read as curl and Go read them: a proxy without scheme is
/// an http one; `NO_PROXY` is a comma separated list of `*`, host names (which cover their subdomains), addresses and
/// CIDR blocks, each with an optional port. Loopback is always reached directly. SOCKS proxies are refused.
///
/// A user and password in the proxy's URL are sent as Basic; for https targets the JDK does that only when the system
/// property `jdk.http.auth.tunneling.disabledSchemes` is empty, which is the daemon's to set.
public record Proxies(Optional<URI> http, Optional<URI> https, List<String> exceptions) {
    public static final Proxies NONE = new Proxies(Optional.empty(), Optional.empty(), List.of());
    private static final int EXCEPTIONS_MAX = 1_000;

    public Proxies {
        exceptions = List.copyOf(exceptions);
    }

    /// From a user's variables, each in capitals or else in small letters.
    public static Proxies of(Map<String, String> variables) {
        return of(either(variables, "HTTP_PROXY"), either(variables, "HTTPS_PROXY"), either(variables, "NO_PROXY"));
    }

    private static @Nullable String either(Map<String, String> variables, String name) {
        String value = variables.get(name);
        return value != null && !value.isBlank() ? value : variables.get(name.toLowerCase(Locale.ROOT));
    }

    /// From the three values; null and blank mean unset.
    public static Proxies of(@Nullable String httpProxy, @Nullable String httpsProxy, @Nullable String noProxy) {
        List<String> not = noProxy == null
                ? List.of()
                : Arrays.stream(noProxy.split(",", EXCEPTIONS_MAX))
                        .map(s -> s.strip().toLowerCase(Locale.ROOT))
                        .filter(s -> !s.isEmpty())
                        .toList();
        return new Proxies(parse("HTTP_PROXY", httpProxy), parse("HTTPS_PROXY", httpsProxy), not);
    }

    private static Optional<URI> parse(String name, @Nullable String value) {
        if (value == null || value.isBlank()) {
            return Optional.empty();
        }
        String text = value.strip();
        try {
            URI uri = URI.create(text.contains("://") ? text : "http://" + text);
            if (uri.getHost() != null && "http".equalsIgnoreCase(uri.getScheme())) {
                return Optional.of(uri);
            }
        } catch (IllegalArgumentException e) {
            throw KelpException.invalid(name + " is not a URL: " + e.getMessage());
        }
        throw KelpException.invalid(name + " must be an http:// proxy with a host name");
    }

    /// The proxy for a target, empty for a direct connection.
    public Optional<URI> proxyFor(URI target) {
        Origin origin = Origin.of(target);
        Optional<URI> proxy = origin.isPlain() ? http : https;
        return proxy.filter(p -> !isExcepted(origin));
    }

    /// The host that is connected to for a target: its proxy, or itself.
    String connected(URI target) {
        return proxyFor(target).orElse(target).getHost();
    }

    /// `Proxy-Authorization` for a target, when its proxy has a user.
    Optional<String> authorization(URI target) {
        return proxyFor(target)
                .map(URI::getUserInfo)
                .map(u -> "Basic " + Base64.getEncoder().encodeToString(u.getBytes(StandardCharsets.UTF_8)));
    }

    ProxySelector selector() {
        return new Selector(this);
    }

    private boolean isExcepted(Origin target) {
        String host = unbracket(target.host());
        if (host.equals("localhost") || host.startsWith("127.") || host.equals("::1")) {
            return true;
        }
        return exceptions.stream().anyMatch(rule -> covers(rule, host, target.port()));
    }

    private static boolean covers(String rule, String host, int port) {
        if (rule.equals("*")) {
            return true;
        }
        String name = rule;
        int colon = rule.lastIndexOf(':');
        if (colon > 0 && rule.indexOf(':') == colon) {
            if (!rule.substring(colon + 1).equals(Integer.toString(port))) {
                return false;
            }
            name = rule.substring(0, colon);
        }
        if (name.indexOf('/') > 0) {
            return inBlock(name, host);
        }
        name = name.startsWith("*.") ? name.substring(2) : name.startsWith(".") ? name.substring(1) : name;
        name = unbracket(name);
        return host.equals(name) || host.endsWith("." + name);
    }

    private static boolean inBlock(String block, String host) {
        if (!host.matches("[0-9.]+|[0-9a-f:]*:[0-9a-f:]*")) {
            return false;
        }
        try {
            int slash = block.indexOf('/');
            byte[] net = InetAddress.ofLiteral(block.substring(0, slash)).getAddress();
            byte[] address = InetAddress.ofLiteral(host).getAddress();
            int bits = Integer.parseInt(block.substring(slash + 1));
            if (net.length != address.length || bits < 0 || bits > net.length * 8) {
                return false;
            }
            for (int i = 0; i < bits; i++) {
                if (((net[i / 8] ^ address[i / 8]) >> (7 - i % 8) & 1) != 0) {
                    return false;
                }
            }
            return true;
        } catch (IllegalArgumentException e) {
            return false; // a rule nobody can read covers nothing, as in curl
        }
    }

    private static String unbracket(String host) {
        return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    }

    private static final class Selector extends ProxySelector {
        private final Proxies proxies;

        Selector(Proxies proxies) {
            this.proxies = proxies;
        }

        @Override
        public List<Proxy> select(URI uri) {
            return List.of(proxies.proxyFor(uri)
                    .map(p -> new Proxy(
                            Proxy.Type.HTTP,
                            InetSocketAddress.createUnresolved(
                                    unbracket(p.getHost()), p.getPort() >= 0 ? p.getPort() : 80)))
                    .orElse(Proxy.NO_PROXY));
        }

        @Override
        public void connectFailed(URI uri, SocketAddress address, IOException e) {
            // the failure surfaces at the request itself
        }
    }
}
