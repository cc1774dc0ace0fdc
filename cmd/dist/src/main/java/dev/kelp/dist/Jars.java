// SPDX-License-Identifier: Apache-2.0
package dev.kelp.dist;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.regex.Pattern;
import java.util.zip.ZipFile;

/// Copies the class path into `lib/`: Kelp's own jars lose their version, and every jar the native libraries it carries
/// for
/// each platform there is. The ones of this machine go to `lib/native/`, so nothing is unpacked when the daemon starts.
/// Multi-release jars are flattened for this JDK: classes under `META-INF/versions` cannot come from the AOT cache.
final class Jars {
    /// A library to unpack: the entry's name, with `%s` for the architecture as that jar spells it.
    private record NativeLibrary(Pattern entry, String name) {
        static NativeLibrary of(String pattern, String architecture, String name) {
            return new NativeLibrary(Pattern.compile(pattern.formatted(architecture)), name);
        }
    }

    private static final Pattern NATIVE = Pattern.compile(".*\\.(so|dll|dylib|jnilib|a)");
    private static final Pattern OWN_VERSION = Pattern.compile("^(kelp-[a-z-]+?)-[0-9].*\\.jar$");

    private final List<NativeLibrary> wanted;
    private final Path lib;

    private Jars(Path lib, String architecture) {
        this.lib = lib;
        boolean arm = architecture.equals("aarch64");
        wanted = List.of(
                NativeLibrary.of(
                        "org/sqlite/native/Linux/%s/libsqlitejdbc\\.so",
                        arm ? "aarch64" : "x86_64", "libsqlitejdbc.so"),
                NativeLibrary.of("linux/%s/libzstd-jni-.*\\.so", arm ? "aarch64" : "amd64", "libzstd-jni.so"));
    }

    /// Copies each jar; fails where two would have the same name or an entry of the class path is no jar (the AOT
    /// cache
    /// cannot be used with a folder on the class path).
    static void copy(List<Path> classPath, Path lib) throws IOException {
        Jars jars = new Jars(lib, System.getProperty("os.arch"));
        Files.createDirectories(lib.resolve("native"));
        for (Path entry : classPath) {
            if (!Files.isRegularFile(entry)) {
                throw new IOException(entry + " is no jar: assemble in the phase `package` or later");
            }
            jars.copy(entry);
        }
    }

    private void copy(Path source) throws IOException {
        String name = OWN_VERSION.matcher(source.getFileName().toString()).replaceFirst("$1.jar");
        Path target = lib.resolve(name);
        if (Files.exists(target)) {
            throw new IOException("two jars would be " + name);
        }
        try (JarFile jar = new JarFile(source.toFile(), true, ZipFile.OPEN_READ, JarFile.runtimeVersion())) {
            if (!jar.isMultiRelease()
                    && jar.stream()
                            .noneMatch(entry -> NATIVE.matcher(entry.getName()).matches())) {
                Files.copy(source, target);
                return;
            }
            try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(target))) {
                for (JarEntry entry : (Iterable<JarEntry>) jar.versionedStream()::iterator) {
                    copy(jar, entry, out);
                }
            }
        }
    }

    private void copy(JarFile jar, JarEntry entry, JarOutputStream out) throws IOException {
        if (!NATIVE.matcher(entry.getName()).matches()) {
            JarEntry copy = new JarEntry(entry.getName());
            copy.setLastModifiedTime(Assemble.FILE_TIME);
            out.putNextEntry(copy);
            if (entry.getName().equals(JarFile.MANIFEST_NAME)) {
                Manifest manifest = new Manifest(jar.getInputStream(entry));
                manifest.getMainAttributes().remove(Attributes.Name.MULTI_RELEASE);
                manifest.write(out);
            } else {
                jar.getInputStream(entry).transferTo(out);
            }
            out.closeEntry();
            return;
        }
        Optional<NativeLibrary> library = wanted.stream()
                .filter(candidate -> candidate.entry.matcher(entry.getName()).matches())
                .findFirst();
        if (library.isPresent()) {
            try (OutputStream file = Files.newOutputStream(lib.resolve("native").resolve(library.get().name))) {
                jar.getInputStream(entry).transferTo(file);
            }
        }
    }
}
