// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.auth;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.core.util.Separators;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.node.ObjectNode;

/// Docker's `config.json`: `auths` (with `auth`, `identitytoken`, `registrytoken`), `credsStore` and `credHelpers`.
///
/// Works on bytes: the user's client process reads and writes the file and runs the helpers. A change keeps every
/// field this class does not know, their order, and Docker's indentation by tab.
///
/// Hosts are named as references name them; Docker's own key for `docker.io` is `https://index.docker.io/v1/`.
/// When looking up, keys with a scheme or a path count for their host, as Docker does for old files.
public final class DockerConfigCredentials implements Credentials {
    public static final String DOCKER_HUB_KEY = "https://index.docker.io/v1/";
    /// What a helper answers as user name when the secret is an identity token.
    private static final String TOKEN_USER = "<token>";

    private static final int FILE_BYTES_MAX = 1 << 20;
    private static final int HELPER_OUTPUT_MAX = 1 << 20;

    private final ObjectNode config;
    private final CredentialHelper helper;

    private DockerConfigCredentials(ObjectNode config, CredentialHelper helper) {
        this.config = config;
        this.helper = helper;
    }

    /// Reads a `config.json`.
    ///
    /// @param bytes the file's content; empty or blank for a file that does not exist
    /// @throws KelpException [ErrorKind#INVALID_ARGUMENT] when it is no JSON object or over 1 MiB
    public static DockerConfigCredentials parse(byte[] bytes, CredentialHelper helper) {
        if (bytes.length > FILE_BYTES_MAX) {
            throw KelpException.invalid("docker's config.json is over " + FILE_BYTES_MAX + " bytes");
        }
        if (new String(bytes, StandardCharsets.UTF_8).isBlank()) {
            return new DockerConfigCredentials(OciJson.mapper().createObjectNode(), helper);
        }
        try {
            JsonNode tree = OciJson.mapper().readTree(bytes);
            if (tree instanceof ObjectNode object) {
                return new DockerConfigCredentials(object, helper);
            }
        } catch (JacksonException e) {
            // no cause: it may quote what stands in the file
            TokenStreamLocation at = e.getLocation();
            String where = at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
            throw KelpException.invalid("docker's config.json does not parse" + where);
        }
        throw KelpException.invalid("docker's config.json is not a JSON object");
    }

    /// The key under which Docker keeps a host's credentials.
    public static String keyOf(String host) {
        return switch (host) {
            case "docker.io", "index.docker.io", "registry-1.docker.io" -> DOCKER_HUB_KEY;
            default -> host;
        };
    }

    @Override
    public Optional<Credential> forHost(String host) {
        String key = keyOf(host);
        Optional<String> name = helperFor(key);
        if (name.isPresent()) {
            Optional<Credential> stored = fromHelper(name.get(), key);
            if (stored.isPresent()) {
                return stored;
            }
        }
        return entry(key).flatMap(e -> fromEntry(key, e));
    }

    /// The hosts that have an entry in the file, as Docker names them.
    public List<String> hosts() {
        return List.copyOf(config.path("auths").propertyNames());
    }

    /// Keeps a credential: hands it to the helper when one is set up, else into the file. Answers the file's new
    /// content, to be written with mode 0600. Values in the file are only base64, readable by who can read
    /// the file.
    public byte[] store(String host, Credential credential) {
        String key = keyOf(host);
        Optional<String> name = helperFor(key);
        ObjectNode entry = OciJson.mapper().createObjectNode();
        if (name.isPresent()) {
            storeInHelper(name.get(), key, credential);
        } else {
            fill(entry, credential);
        }
        ObjectNode auths = auths();
        removeAliases(auths, key);
        auths.set(key, entry);
        return bytes();
    }

    /// Whether the secrets of this host go to a helper instead of the file.
    public boolean usesHelper(String host) {
        return helperFor(keyOf(host)).isPresent();
    }

    /// Forgets a host. Empty when nothing about it was in the file, so that it need not be written.
    public Optional<byte[]> erase(String host) {
        String key = keyOf(host);
        helperFor(key).ifPresent(name -> {
            CredentialHelper.Output out = run(name, "erase", key);
            if (out.exitCode() != 0 && !isNotFound(out)) {
                throw failed(name, "erase", out);
            }
        });
        return config.get("auths") instanceof ObjectNode auths && removeAliases(auths, key)
                ? Optional.of(bytes())
                : Optional.empty();
    }

    private byte[] bytes() {
        DefaultIndenter tabs = new DefaultIndenter("\t", "\n");
        DefaultPrettyPrinter printer = new DefaultPrettyPrinter(Separators.createDefaultInstance()
                        .withObjectNameValueSpacing(Separators.Spacing.AFTER)
                        .withObjectEmptySeparator("")
                        .withArrayEmptySeparator(""))
                .withObjectIndenter(tabs)
                .withArrayIndenter(tabs);
        ObjectWriter writer = OciJson.mapper().writer().with(printer);
        return writer.writeValueAsBytes(config);
    }

    private ObjectNode auths() {
        if (config.get("auths") instanceof ObjectNode existing) {
            return existing;
        }
        ObjectNode fresh = OciJson.mapper().createObjectNode();
        config.set("auths", fresh);
        return fresh;
    }

    private static boolean removeAliases(ObjectNode auths, String key) {
        List<String> gone = new ArrayList<>();
        for (String name : auths.propertyNames()) {
            if (name.equals(key) || hostOf(name).equals(hostOf(key))) {
                gone.add(name);
            }
        }
        gone.forEach(auths::remove);
        return !gone.isEmpty();
    }

    private Optional<String> helperFor(String key) {
        JsonNode helpers = config.path("credHelpers");
        String name = helpers.path(key).asString("");
        if (name.isEmpty()) {
            name = helpers.path(hostOf(key)).asString("");
        }
        if (name.isEmpty()) {
            name = config.path("credsStore").asString("");
        }
        if (name.isEmpty()) {
            return Optional.empty();
        }
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")) {
            throw KelpException.invalid("docker's config.json names a credential helper that is no plain name");
        }
        return Optional.of(name);
    }

    private Optional<JsonNode> entry(String key) {
        JsonNode auths = config.path("auths");
        if (auths.has(key)) {
            return Optional.of(auths.path(key));
        }
        for (Map.Entry<String, JsonNode> e : auths.properties()) {
            if (hostOf(e.getKey()).equals(hostOf(key))) {
                return Optional.of(e.getValue());
            }
        }
        return Optional.empty();
    }

    static String hostOf(String key) {
        String rest = key;
        int scheme = rest.indexOf("://");
        if (scheme >= 0) {
            rest = rest.substring(scheme + 3);
        }
        int slash = rest.indexOf('/');
        return slash >= 0 ? rest.substring(0, slash) : rest;
    }

    private static Optional<Credential> fromEntry(String key, JsonNode entry) {
        String registryToken = entry.path("registrytoken").asString("");
        if (!registryToken.isEmpty()) {
            return Optional.of(new Credential.RegistryToken(registryToken));
        }
        String user = entry.path("username").asString("");
        String password = entry.path("password").asString("");
        String auth = entry.path("auth").asString("");
        if (!auth.isEmpty()) {
            String[] pair = decode(key, auth);
            user = pair[0];
            password = pair[1];
        }
        String identity = entry.path("identitytoken").asString("");
        if (!identity.isEmpty()) {
            return Optional.of(new Credential.IdentityToken(user, identity));
        }
        return user.isEmpty() ? Optional.empty() : Optional.of(new Credential.Password(user, password));
    }

    private static String[] decode(String key, String auth) {
        try {
            String text = new String(Base64.getDecoder().decode(auth.strip()), StandardCharsets.UTF_8);
            int colon = text.indexOf(':');
            if (colon > 0) {
                // old versions of Docker padded the password with zero bytes
                return new String[] {
                    text.substring(0, colon), text.substring(colon + 1).replaceAll("\0+$", "")
                };
            }
        } catch (IllegalArgumentException e) {
            throw new KelpException(
                    ErrorKind.INVALID_ARGUMENT, "`auth` of `" + key + "` in docker's config.json is not base64", e);
        }
        throw KelpException.invalid("`auth` of `" + key + "` in docker's config.json is not user:password");
    }

    private static void fill(ObjectNode entry, Credential credential) {
        switch (credential) {
            case Credential.Password(String user, String password) -> entry.put("auth", encode(user, password));
            case Credential.IdentityToken(String user, String token) -> {
                if (!user.isEmpty()) {
                    entry.put("auth", encode(user, ""));
                }
                entry.put("identitytoken", token);
            }
            case Credential.RegistryToken(String token) -> entry.put("registrytoken", token);
        }
    }

    private static String encode(String user, String password) {
        return Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    }

    private Optional<Credential> fromHelper(String name, String key) {
        CredentialHelper.Output out = run(name, "get", key);
        if (out.exitCode() != 0) {
            if (isNotFound(out)) {
                return Optional.empty();
            }
            throw failed(name, "get", out);
        }
        JsonNode answer;
        try {
            answer = OciJson.mapper().readTree(out.stdout());
        } catch (JacksonException e) {
            // no cause: it would quote the secret
            throw new KelpException(
                    ErrorKind.UNAUTHENTICATED, "credential helper `" + name + "` for `" + key + "` answered no JSON");
        }
        String user = answer.path("Username").asString("");
        String secret = answer.path("Secret").asString("");
        if (secret.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                user.equals(TOKEN_USER)
                        ? new Credential.IdentityToken("", secret)
                        : new Credential.Password(user, secret));
    }

    private void storeInHelper(String name, String key, Credential credential) {
        ObjectNode message = OciJson.mapper().createObjectNode();
        message.put("ServerURL", key);
        switch (credential) {
            case Credential.Password(String user, String password) ->
                message.put("Username", user).put("Secret", password);
            case Credential.IdentityToken(String user, String token) ->
                message.put("Username", TOKEN_USER).put("Secret", token);
            case Credential.RegistryToken t ->
                throw new KelpException(ErrorKind.UNSUPPORTED, "a credential helper cannot keep a registry token");
        }
        CredentialHelper.Output out = run(name, "store", message.toString());
        if (out.exitCode() != 0) {
            throw failed(name, "store", out);
        }
    }

    private CredentialHelper.Output run(String name, String action, String stdin) {
        CredentialHelper.Output out = helper.run(name, action, stdin);
        if (out.stdout().length() > HELPER_OUTPUT_MAX) {
            throw new KelpException(
                    ErrorKind.RESOURCE_EXHAUSTED, "credential helper `" + name + "` " + action + " printed too much");
        }
        return out;
    }

    /// The sentence every helper prints when it has nothing; it is part of the protocol.
    private static boolean isNotFound(CredentialHelper.Output out) {
        return out.stdout().strip().equals("credentials not found in native keychain");
    }

    private static KelpException failed(String name, String action, CredentialHelper.Output out) {
        String said = out.stdout().strip().replaceAll("\\p{Cntrl}", " ");
        return new KelpException(
                        ErrorKind.UNAUTHENTICATED,
                        "credential helper `docker-credential-" + name + " " + action + "` failed with exit code "
                                + out.exitCode()
                                + (said.isEmpty() ? "" : ": " + said.substring(0, Math.min(said.length(), 200))))
                .withHint("is docker-credential-" + name + " installed and unlocked?");
    }
}
