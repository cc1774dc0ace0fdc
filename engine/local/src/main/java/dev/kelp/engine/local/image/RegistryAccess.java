// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.Images.LoginOptions;
import dev.kelp.engine.Images.RegistryOptions;
import dev.kelp.engine.UserEnvironment;
import dev.kelp.model.KelpException;
import dev.kelp.registry.Access;
import dev.kelp.registry.Registry;
import dev.kelp.registry.TransferListener;
import dev.kelp.registry.auth.Credential;
import dev.kelp.registry.auth.CredentialHelper;
import dev.kelp.registry.auth.Credentials;
import dev.kelp.registry.auth.DockerConfigCredentials;
import dev.kelp.registry.hosts.ConfigFiles;
import dev.kelp.registry.hosts.HostsLookup;
import dev.kelp.registry.http.Cancellation;
import dev.kelp.registry.http.Proxies;
import dev.kelp.registry.http.Transport;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// A user's way to registries: her Docker configuration, credential helpers, proxies and `certs.d` folders, all seen
/// with her eyes.
final class RegistryAccess {
    private static final int CONFIG_BYTES_MAX = 1 << 20;

    private final UserEnvironment user;

    RegistryAccess(UserEnvironment user) {
        this.user = user;
    }

    /// How to reach registries for one command.
    Access access(RegistryOptions options, Cancellation cancellation, TransferListener listener) {
        ConfigFiles files = path -> user.readFile(path, ConfigFiles.FILE_BYTES_MAX);
        List<String> folders = options.hostsDirs().isEmpty() ? defaultFolders() : options.hostsDirs();
        return new Access(
                lazyCredentials(),
                new HostsLookup(folders, files),
                options.insecure(),
                Proxies.of(user.variables()),
                cancellation,
                listener);
    }

    /// Most pulls need no credentials, so the file is read when a registry asks for some.
    private Credentials lazyCredentials() {
        AtomicReference<@Nullable Credentials> read = new AtomicReference<>();
        return host -> {
            Credentials credentials = read.get();
            if (credentials == null) {
                credentials = dockerConfig();
                read.set(credentials);
            }
            return credentials.forHost(host);
        };
    }

    private List<String> defaultFolders() {
        List<String> folders = new ArrayList<>();
        Optional<String> home = variable("HOME");
        variable("XDG_CONFIG_HOME").ifPresent(d -> folders.add(d + "/containerd/certs.d"));
        home.ifPresent(h -> folders.add(h + "/.config/containerd/certs.d"));
        home.ifPresent(h -> folders.add(h + "/.config/docker/certs.d"));
        folders.add("/etc/containerd/certs.d");
        folders.add("/etc/docker/certs.d");
        return folders.stream().distinct().toList();
    }

    private Optional<String> variable(String name) {
        return Optional.ofNullable(user.variables().get(name)).filter(v -> !v.isEmpty());
    }

    private String configPath() {
        Optional<String> folder = variable("DOCKER_CONFIG");
        if (folder.isPresent()) {
            return folder.get() + "/config.json";
        }
        return variable("HOME")
                .map(h -> h + "/.docker/config.json")
                .orElseThrow(() -> KelpException.invalid(
                        "neither DOCKER_CONFIG nor HOME is set, so there is no" + " place for credentials"));
    }

    private DockerConfigCredentials dockerConfig() {
        if (variable("DOCKER_CONFIG").isEmpty() && variable("HOME").isEmpty()) {
            return DockerConfigCredentials.parse(new byte[0], this::runHelper);
        }
        String path = configPath();
        try {
            return DockerConfigCredentials.parse(
                    user.readFile(path, CONFIG_BYTES_MAX).orElse(new byte[0]), this::runHelper);
        } catch (KelpException e) {
            throw e.within("`" + path + "`");
        }
    }

    private CredentialHelper.Output runHelper(String name, String action, String stdin) {
        UserEnvironment.HelperResult r =
                user.runHelper(List.of("docker-credential-" + name, action), stdin.getBytes(StandardCharsets.UTF_8));
        return new CredentialHelper.Output(r.exitCode(), new String(r.output(), StandardCharsets.UTF_8));
    }

    List<String> login(LoginOptions options, Transport transport) {
        String server = server(options.server());
        Registry registry =
                new Registry(transport, access(options.registry(), new Cancellation(), TransferListener.NONE));
        Credential credential = new Credential.Password(options.username(), options.password());
        registry.login(server, credential);
        DockerConfigCredentials config = dockerConfig();
        String path = configPath();
        List<String> lines = new ArrayList<>();
        byte[] bytes = config.store(server, credential);
        user.makeDirectories(path.substring(0, path.lastIndexOf('/')), 0700);
        user.writeFile(path, bytes, 0600);
        if (!config.usesHelper(server)) {
            lines.add("WARNING! Your credentials are stored unencrypted in '" + path + "'.");
            lines.add("Configure a credential helper to remove this warning.");
        }
        lines.add("Login Succeeded");
        return lines;
    }

    List<String> logout(String name) {
        String server = server(name);
        DockerConfigCredentials config = dockerConfig();
        Optional<byte[]> left = config.erase(server);
        if (left.isPresent()) {
            user.writeFile(configPath(), left.get(), 0600);
        }
        boolean forgotten = left.isPresent() || config.usesHelper(server);
        return List.of(forgotten ? "Removing login credentials for " + server : "Not logged in to " + server);
    }

    /// `https://index.docker.io/v1/`, `https://example.com/` and an empty name, as users of Docker type them.
    private static String server(String typed) {
        String name = typed.strip();
        int scheme = name.indexOf("://");
        if (scheme >= 0) {
            name = name.substring(scheme + 3);
        }
        int slash = name.indexOf('/');
        if (slash >= 0) {
            name = name.substring(0, slash);
        }
        return switch (name) {
            case "", "docker.io", "index.docker.io", "registry-1.docker.io" -> "docker.io";
            default -> name;
        };
    }
}
