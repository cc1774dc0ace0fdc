// SPDX-License-Identifier: Apache-2.0
package dev.kelp.dist;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/// The program that makes what is given away: `Release FOLDER NATIVE-BINARY TEMPLATE CLONE VERSION MAINTAINER`, run
/// with
/// the daemon's class path. The archive and the package have the same tree inside, with a Java runtime of its own.
public final class Release {
    private static final long MEBI = 1 << 20;

    private Release() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length != 6) {
            throw new IllegalArgumentException("usage: Release FOLDER NATIVE-BINARY TEMPLATE CLONE VERSION MAINTAINER");
        }
        Path folder = Path.of(args[0]).toAbsolutePath();
        Path clone = Path.of(args[3]);
        String version = args[4].replaceFirst("-SNAPSHOT$", "");
        if (!version.matches("[0-9][A-Za-z0-9.+~]*")) {
            throw new IllegalArgumentException("not a version: " + version);
        }
        String architecture = architecture();
        DebianPackage.Label label = new DebianPackage.Label(version, architecture, args[5]);
        Files.createDirectories(folder);
        Path tree = folder.resolve("kelp");
        Assemble.withRuntime(tree, Path.of(args[1]), Path.of(args[2]), version);
        for (String document : List.of("LICENSE", "README.md")) {
            Path copy = tree.resolve(document);
            Files.copy(clone.resolve(document), copy, StandardCopyOption.REPLACE_EXISTING);
            Files.setLastModifiedTime(copy, Assemble.FILE_TIME);
        }
        Path archive = folder.resolve("kelp-" + version + "-linux-" + architecture + ".tar.gz");
        complete(archive, out -> archive(tree, "kelp-" + version, out));
        Path deb = folder.resolve("kelp_" + version + "_" + architecture + ".deb");
        DebianPackage made = new DebianPackage(tree, label, clone.resolve("CHANGELOG.md"));
        complete(deb, made::write);
    }

    /// The tree below one folder.
    static void archive(Path tree, String top, OutputStream out) throws IOException {
        try (TarWriter tar =
                        new TarWriter(gzip(out), Assemble.FILE_TIME.toInstant().getEpochSecond());
                Stream<Path> paths = Files.walk(tree)) {
            for (Path path : (Iterable<Path>) paths.sorted()::iterator) {
                String relative = tree.relativize(path).toString();
                String name = relative.isEmpty() ? top : top + "/" + relative;
                if (Files.isSymbolicLink(path)) {
                    tar.link(name, Files.readSymbolicLink(path).toString());
                } else if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                    tar.folder(name);
                } else {
                    tar.file(name, mode(path), path);
                }
            }
        }
    }

    /// As small as it gets, and without a time inside.
    static OutputStream gzip(OutputStream out) throws IOException {
        return new GZIPOutputStream(out, 1 << 16) {
            {
                def.setLevel(9);
            }
        };
    }

    static int mode(Path file) {
        return Files.isExecutable(file) ? 0755 : 0644;
    }

    /// Debian's word for the machine this runs on, which is Go's and OCI's, too.
    private static String architecture() {
        String known = System.getProperty("os.arch");
        return known.equals("aarch64") ? "arm64" : known;
    }

    private interface Content {
        void writeTo(OutputStream out) throws IOException;
    }

    /// Under its name there is only a whole one.
    private static void complete(Path file, Content content) throws IOException {
        Path unfinished = file.resolveSibling(file.getFileName() + ".new");
        try (OutputStream out = Files.newOutputStream(unfinished)) {
            content.writeTo(out);
        }
        Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        IO.println(file + ": " + Files.size(file) / MEBI + " MiB");
    }
}
