// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.secret;

import dev.kelp.engine.Secrets;
import dev.kelp.engine.Secrets.NewSecret;
import dev.kelp.engine.Secrets.Secret;
import dev.kelp.engine.local.metadata.Database;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import tools.jackson.core.type.TypeReference;

/// The secrets of all namespaces.
public final class SecretStore {
    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9]+[a-zA-Z0-9_.-]*");
    private static final int NAME_LENGTH_MAX = 253;
    private static final int ID_DIGITS = 25;
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int CREATE = Inodes.O_WRONLY | Inodes.O_CREAT | Inodes.O_EXCL | Inodes.O_NOFOLLOW;

    private final Path folder;
    private final Database database;

    public SecretStore(Path dataRoot, Database database) {
        this.folder = dataRoot.resolve("secrets");
        this.database = database;
    }

    /// Writes what nobody else may read to a new file in a directory, and makes it durable.
    public static void write(Fd directory, String name, byte[] data) throws IOException {
        try (Fd fd = Inodes.open(directory, name, CREATE, 0600)) {
            try (OutputStream out = Pipes.output(fd.duplicate())) {
                out.write(data);
            }
            Inodes.fsync(fd);
        }
    }

    /// Makes a directory that nobody else may enter, and opens it.
    public static Fd privateFolder(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            Files.createDirectories(
                    path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        }
        return Inodes.open(path.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY);
    }

    Secret create(String namespace, NewSecret wanted, byte[] data) {
        check(wanted, data);
        String id = newId();
        Secret made = new Secret(
                id,
                wanted.name(),
                wanted.driver(),
                Map.copyOf(wanted.options()),
                Map.copyOf(wanted.labels()),
                Instant.ofEpochMilli(System.currentTimeMillis()));
        try (Fd all = privateFolder(folder)) {
            write(all, id, data);
            Inodes.fsync(all);
        } catch (IOException e) {
            discard(id);
            throw failed("keep the secret " + wanted.name(), e);
        }
        try {
            insert(namespace, made, wanted.replace()).ifPresent(this::discard);
        } catch (RuntimeException e) {
            discard(id);
            throw e;
        }
        return made;
    }

    private static void check(NewSecret wanted, byte[] data) {
        if (wanted.name().length() > NAME_LENGTH_MAX
                || !NAME.matcher(wanted.name()).matches()) {
            throw KelpException.invalid("invalid secret name `" + wanted.name() + "`")
                    .withHint("a letter or digit, then letters, digits, `_`, `.` and `-`, at most " + NAME_LENGTH_MAX);
        }
        if (!wanted.driver().equals("file")) {
            throw new KelpException(ErrorKind.UNSUPPORTED, "secret driver `" + wanted.driver() + "`")
                    .withHint("file is the one there is");
        }
        if (data.length == 0 || data.length > Secrets.DATA_BYTES_MAX) {
            throw KelpException.invalid("secret data must be larger than 0 and less than 512000 bytes");
        }
    }

    private static String newId() {
        byte[] bytes = new byte[(ID_DIGITS + 1) / 2];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes).substring(0, ID_DIGITS);
    }

    /// The id of the secret that was replaced.
    private Optional<String> insert(String namespace, Secret s, boolean replace) {
        return database.write(connection -> {
            Optional<Secret> there = all(connection, namespace).stream()
                    .filter(o -> o.name().equals(s.name()))
                    .findFirst();
            if (there.isPresent()) {
                if (!replace) {
                    throw new KelpException(ErrorKind.ALREADY_EXISTS, s.name() + ": secret name in use")
                            .withHint("choose another name, or use --replace");
                }
                delete(connection, there.get().id());
            }
            try (PreparedStatement p = connection.prepareStatement(
                    "INSERT INTO secrets (id, namespace, name, created, driver, options, labels)"
                            + " VALUES (?, ?, ?, ?, ?, ?, ?)")) {
                p.setString(1, s.id());
                p.setString(2, namespace);
                p.setString(3, s.name());
                p.setLong(4, s.created().toEpochMilli());
                p.setString(5, s.driver());
                p.setBytes(6, OciJson.write(s.options()));
                p.setBytes(7, OciJson.write(s.labels()));
                p.executeUpdate();
            }
            return there.map(Secret::id);
        });
    }

    List<Secret> list(String namespace) {
        return database.read(connection -> all(connection, namespace));
    }

    private static List<Secret> all(Connection connection, String namespace) throws SQLException {
        List<Secret> found = new ArrayList<>();
        try (PreparedStatement p = connection.prepareStatement(
                "SELECT id, name, created, driver, options, labels FROM secrets WHERE namespace = ? ORDER BY name")) {
            p.setString(1, namespace);
            try (ResultSet r = p.executeQuery()) {
                while (r.next()) {
                    found.add(new Secret(
                            r.getString(1),
                            r.getString(2),
                            r.getString(4),
                            map(r.getBytes(5)),
                            map(r.getBytes(6)),
                            Instant.ofEpochMilli(r.getLong(3))));
                }
            }
        }
        return found;
    }

    private static Map<String, String> map(byte[] json) {
        return OciJson.mapper().readValue(json, new TypeReference<>() {});
    }

    Optional<Secret> find(String namespace, String nameOrId) {
        List<Secret> all = list(namespace);
        Optional<Secret> exact = all.stream()
                .filter(s -> s.name().equals(nameOrId) || s.id().equals(nameOrId))
                .findFirst();
        if (exact.isPresent() || nameOrId.isEmpty()) {
            return exact;
        }
        List<Secret> begin =
                all.stream().filter(s -> s.id().startsWith(nameOrId)).toList();
        if (begin.size() > 1) {
            throw KelpException.invalid("secret id prefix `" + nameOrId + "` is ambiguous");
        }
        return begin.stream().findFirst();
    }

    private Secret need(String namespace, String nameOrId) {
        return find(namespace, nameOrId).orElseThrow(() -> KelpException.notFound("no such secret: " + nameOrId));
    }

    /// What a secret says.
    public byte[] data(String namespace, String nameOrId) {
        return read(folder.resolve(need(namespace, nameOrId).id()));
    }

    /// Reads what [#write] wrote.
    public static byte[] read(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(Secrets.DATA_BYTES_MAX);
        } catch (IOException e) {
            throw failed("read a secret", e);
        }
    }

    String remove(String namespace, String nameOrId) {
        String id = need(namespace, nameOrId).id();
        database.write(connection -> delete(connection, id));
        discard(id);
        return id;
    }

    private static int delete(Connection connection, String id) throws SQLException {
        try (PreparedStatement p = connection.prepareStatement("DELETE FROM secrets WHERE id = ?")) {
            p.setString(1, id);
            return p.executeUpdate();
        }
    }

    private void discard(String id) {
        try {
            Files.deleteIfExists(folder.resolve(id));
        } catch (IOException e) {
            throw failed("remove a secret", e);
        }
    }

    /// Removes the files of secrets that are none. Before anything else uses the store.
    public void recover() {
        if (!Files.isDirectory(folder)) {
            return;
        }
        Set<String> known = new HashSet<>(database.read(connection -> {
            List<String> ids = new ArrayList<>();
            try (PreparedStatement p = connection.prepareStatement("SELECT id FROM secrets");
                    ResultSet r = p.executeQuery()) {
                while (r.next()) {
                    ids.add(r.getString(1));
                }
            }
            return ids;
        }));
        try (Stream<Path> files = Files.list(folder)) {
            files.map(p -> String.valueOf(p.getFileName()))
                    .filter(name -> !known.contains(name))
                    .forEach(this::discard);
        } catch (IOException e) {
            throw failed("take up the secrets", e);
        }
    }

    private static KelpException failed(String what, IOException e) {
        return e instanceof ErrnoException errno
                ? errno.toKelp("cannot " + what)
                : new KelpException(ErrorKind.INTERNAL, "cannot " + what + ": " + e.getMessage(), e);
    }
}
