// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.hosts;

import dev.kelp.model.KelpException;
import dev.kelp.registry.http.Tls;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Finds the hosts of a registry's name in folders laid out as containerd's `certs.d`.
///
/// Built in: `docker.io` is served by `registry-1.docker.io`; loopback names are tried by plain http first and then
/// by https without checks, as Docker and nerdctl treat them. An insecure lookup tries https without checks and then
/// plain http.
public final class HostsLookup {
    /// Only the built-in rules.
    public static final HostsLookup BUILT_IN = new HostsLookup(List.of(), ConfigFiles.NONE);

    private final List<String> folders;
    private final ConfigFiles files;

    /// Looks in these folders.
    ///
    /// @param folders absolute paths, the first that knows the name wins
    public HostsLookup(List<String> folders, ConfigFiles files) {
        this.folders = List.copyOf(folders);
        this.files = files;
    }

    /// The hosts to try, in order; never empty.
    ///
    /// @param domain a reference's domain: `docker.io`, `localhost:5000`
    /// @param insecure the user allows plain http and any certificate for this name
    public List<RegistryHost> hosts(String domain, boolean insecure) {
        for (String folder : folders) {
            for (String name : directoryNames(domain)) {
                String at = folder + "/" + name;
                Optional<byte[]> toml = files.read(at + "/hosts.toml");
                if (toml.isPresent()) {
                    return new HostsToml(at, domain, files).parse(toml.get(), insecure);
                }
                Optional<Tls> docker = dockerFiles(at);
                if (docker.isPresent()) {
                    return List.of(server(domain, docker.get(), insecure));
                }
            }
        }
        return List.of(server(domain, Tls.DEFAULT, insecure));
    }

    private static Set<String> directoryNames(String domain) {
        Set<String> names = new LinkedHashSet<>();
        int colon = domain.lastIndexOf(':');
        if (colon > 0 && !domain.endsWith("]")) {
            String flat = domain.substring(0, colon) + "_" + domain.substring(colon + 1);
            names.add(flat + "_"); // what containerd writes
            names.add(flat);
        }
        names.add(domain);
        names.add("_default");
        return names;
    }

    private Optional<Tls> dockerFiles(String folder) {
        Optional<String> ca = text(folder + "/ca.crt");
        Optional<String> cert = text(folder + "/client.cert");
        if (ca.isEmpty() && cert.isEmpty()) {
            return Optional.empty();
        }
        List<Tls.ClientPair> clients = List.of();
        if (cert.isPresent()) {
            String key = text(folder + "/client.key")
                    .orElseThrow(
                            () -> KelpException.invalid("`" + folder + "/client.cert` has no `client.key` beside it"));
            clients = List.of(new Tls.ClientPair(cert.get(), key));
        }
        return Optional.of(new Tls(ca.map(List::of).orElse(List.of()), clients, false));
    }

    private Optional<String> text(String path) {
        return files.read(path).map(b -> new String(b, StandardCharsets.ISO_8859_1));
    }

    /// The registry itself, without any file saying otherwise.
    static RegistryHost server(String domain, Tls tls, boolean insecure) {
        String authority = domain.equals("docker.io") ? "registry-1.docker.io" : domain;
        URI https = URI.create("https://" + authority + "/v2");
        URI http = URI.create("http://" + authority + "/v2");
        boolean ambiguous = isLoopback(domain) && !authority.endsWith(":443");
        boolean loose = insecure || isLoopback(domain);
        return new RegistryHost(
                ambiguous ? http : https,
                loose ? Optional.of(ambiguous ? https : http) : Optional.empty(),
                EnumSet.allOf(RegistryHost.Capability.class),
                loose && tls.equals(Tls.DEFAULT) ? tls.withSkipVerify() : tls,
                Map.of(),
                Optional.empty(),
                loose);
    }

    /// Whether a host (with or without port) is this machine itself, where nobody listens in between.
    static boolean isLoopback(String authority) {
        String host = authority;
        int colon = host.lastIndexOf(':');
        if (colon > 0 && !host.endsWith("]") && host.indexOf(']') < colon) {
            host = host.substring(0, colon);
        }
        return host.equals("localhost")
                || host.equals("[::1]")
                || host.matches("127\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}");
    }
}
