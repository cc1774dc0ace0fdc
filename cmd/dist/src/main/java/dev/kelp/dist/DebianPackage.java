// SPDX-License-Identifier: Apache-2.0
package dev.kelp.dist;

import dev.kelp.model.container.AppArmorProfile;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// A package for Debian, Ubuntu and their relatives (deb(5)), written without their tools. The same tree makes the same
/// bytes.
final class DebianPackage {
    private static final String PROGRAM = "usr/lib/kelp";
    private static final String SHARE = "usr/share";

    /// Names that never become commands of the system: its own, and those that another package brings.
    private static final Set<String> OWN_PLACE = Set.of("kelp", "containerd", "ctr");

    private static final int SCRIPT_MODE = 0755;
    private static final int FILE_MODE = 0644;
    private static final int KIBI = 1024;

    /// Of the header of gzip (RFC 1952), which Java leaves out: compressed as well as it goes, which Debian's
    /// policy
    /// asks.
    private static final int EXTRA_FLAGS = 8;

    private static final byte SLOWEST = 2;
    private static final long TIME = Assemble.FILE_TIME.toInstant().getEpochSecond();
    private static final Pattern GLIBC = Pattern.compile("GLIBC_2\\.(\\d{1,3})(?![\\d.])");

    /// The default network needs the last two; passt is the other way out, where a newer Debian prefers it.
    private static final String DEPENDS = "uidmap, conmon, crun | runc, nftables, slirp4netns | passt";

    private static final String RECOMMENDS = "ca-certificates, catatonit, dbus-user-session";
    private static final String SUGGESTS = "apparmor, containernetworking-plugins, fuse-overlayfs";

    /// A folder (neither), a link, or a file, which may be made up.
    private record Entry(int mode, String target, byte[] bytes, Path file) {
        static final byte[] NOTHING = {};
        static final Path NOWHERE = Path.of("");

        static Entry folder() {
            return new Entry(0, "", NOTHING, NOWHERE);
        }

        static Entry link(String target) {
            return new Entry(0, target, NOTHING, NOWHERE);
        }

        static Entry text(int mode, byte[] bytes) {
            return new Entry(mode, "", bytes, NOWHERE);
        }

        static Entry of(Path file) {
            return new Entry(Release.mode(file), "", NOTHING, file);
        }

        boolean isFile() {
            return mode != 0;
        }

        byte[] content() throws IOException {
            return file.equals(NOWHERE) ? bytes : Files.readAllBytes(file);
        }
    }

    /// What a package says of itself.
    ///
    /// @param maintainer a name and an address: `NAME <ADDRESS>`
    record Label(String version, String architecture, String maintainer) {
        private static final Pattern MAINTAINER = Pattern.compile("[^<>,\\p{Cntrl}]+ <[^<>@\\s]+@[^<>@\\s]+>");

        Label {
            if (!MAINTAINER.matcher(maintainer).matches()) {
                throw new IllegalArgumentException("not a name and an address: " + maintainer);
            }
        }
    }

    private final Path tree;
    private final Label label;

    /// By their names; a folder's is before those of what is in it.
    private final Map<String, Entry> entries = new TreeMap<>();

    DebianPackage(Path tree, Label label, Path changes) throws IOException {
        this.tree = tree;
        this.label = label;
        program();
        shared();
        add("usr/bin/kelp", Entry.link("../lib/kelp/bin/kelp"));
        add("etc/apparmor.d/" + AppArmorProfile.DEFAULT, bytes(AppArmorProfile.TEXT));
        add(SHARE + "/doc/kelp/copyright", bytes(resource("copyright")));
        add(SHARE + "/doc/kelp/changelog.gz", Entry.text(FILE_MODE, zipped(bytes(labelled("changelog")))));
        add(SHARE + "/doc/kelp/CHANGELOG.md.gz", Entry.text(FILE_MODE, zipped(Files.readAllBytes(changes))));
        add(SHARE + "/lintian/overrides/kelp", bytes(resource("lintian-overrides")));
    }

    private void program() throws IOException {
        try (Stream<Path> paths = Files.walk(tree)) {
            for (Path path : (Iterable<Path>) paths::iterator) {
                String name = tree.relativize(path).toString();
                if (name.matches("(bin|lib|java)(/.*)?|build-id")) {
                    add(PROGRAM + "/" + name, entry(path));
                }
            }
        }
    }

    private void shared() throws IOException {
        Path share = tree.resolve("share");
        for (Path file : Assemble.files(share)) {
            String name = SHARE + "/" + share.relativize(file);
            if (name.endsWith("/" + AppArmorProfile.DEFAULT)) {
                continue; // it is configuration
            }
            if (!name.startsWith(SHARE + "/man/")) {
                add(name, entry(file));
                continue;
            }
            String text = Files.readString(file);
            String reference = ".so man1/";
            add(
                    name + ".gz",
                    text.startsWith(reference)
                            ? Entry.link(text.substring(reference.length()).strip() + ".gz")
                            : Entry.text(FILE_MODE, zipped(bytes(text))));
        }
    }

    private static Entry entry(Path path) throws IOException {
        if (Files.isSymbolicLink(path)) {
            return Entry.link(Files.readSymbolicLink(path).toString());
        }
        return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS) ? Entry.folder() : Entry.of(path);
    }

    private void add(String name, byte[] content) {
        add(name, Entry.text(FILE_MODE, content));
    }

    private void add(String name, Entry entry) {
        for (int slash = name.indexOf('/'); slash > 0; slash = name.indexOf('/', slash + 1)) {
            entries.putIfAbsent(name.substring(0, slash), Entry.folder());
        }
        entries.put(name, entry);
    }

    void write(OutputStream out) throws IOException {
        Path data = Files.createTempFile("kelp-data-", ".tar.gz");
        try (ArWriter deb = new ArWriter(out, TIME)) {
            try (OutputStream file = Files.newOutputStream(data)) {
                data(file);
            }
            deb.member("debian-binary", bytes("2.0\n"));
            deb.member("control.tar.gz", control());
            deb.member("data.tar.gz", data);
        } finally {
            Files.delete(data);
        }
    }

    /// `build-id` comes last: whoever reads it while dpkg puts a newer release in the place of an older one must
    /// find that
    /// release's files.
    private void data(OutputStream out) throws IOException {
        String last = PROGRAM + "/build-id";
        try (TarWriter tar = new TarWriter(Release.gzip(out), TIME)) {
            tar.folder(".");
            for (Map.Entry<String, Entry> e : entries.entrySet()) {
                if (!e.getKey().equals(last)) {
                    put(tar, "./" + e.getKey(), e.getValue());
                }
            }
            put(tar, "./" + last, Objects.requireNonNull(entries.get(last)));
        }
    }

    private static void put(TarWriter tar, String name, Entry entry) throws IOException {
        if (entry.isFile()) {
            tar.file(name, entry.mode, entry.content());
        } else if (!entry.target.isEmpty()) {
            tar.link(name, entry.target);
        } else {
            tar.folder(name);
        }
    }

    private byte[] control() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (TarWriter tar = new TarWriter(Release.gzip(out), TIME)) {
            tar.folder(".");
            tar.file("./conffiles", FILE_MODE, bytes("/etc/apparmor.d/" + AppArmorProfile.DEFAULT + "\n"));
            tar.file("./control", FILE_MODE, bytes(description()));
            tar.file("./md5sums", FILE_MODE, bytes(sums()));
            for (String script : List.of("postinst", "postrm", "prerm")) {
                tar.file(
                        "./" + script,
                        SCRIPT_MODE,
                        bytes(resource(script).replace("@NAMES@", String.join(" ", otherNames()))));
            }
            tar.file("./triggers", FILE_MODE, bytes("interest-noawait /etc/apparmor.d/abi/4.0\n"));
        }
        return out.toByteArray();
    }

    private String description() throws IOException {
        long kibi = 0;
        for (Entry entry : entries.values()) {
            kibi += entry.isFile() ? (size(entry) + KIBI - 1) / KIBI : 1;
        }
        return labelled("control")
                .replace("@SIZE@", Long.toString(kibi))
                .replace("@DEPENDS@", "libc6 (>= 2." + glibc() + "), " + DEPENDS)
                .replace("@RECOMMENDS@", RECOMMENDS)
                .replace("@SUGGESTS@", SUGGESTS);
    }

    private static long size(Entry entry) throws IOException {
        return entry.file.equals(Entry.NOWHERE) ? entry.bytes.length : Files.size(entry.file);
    }

    /// The newest version of the C library that a program or library asks for by name.
    private int glibc() throws IOException {
        int newest = 0;
        for (Entry entry : entries.values()) {
            byte[] content = entry.isFile() ? entry.content() : Entry.NOTHING;
            if (content.length > 4 && content[0] == 0x7f && content[1] == 'E' && content[2] == 'L') {
                Matcher m = GLIBC.matcher(new String(content, StandardCharsets.ISO_8859_1));
                while (m.find()) {
                    newest = Math.max(newest, Integer.parseInt(m.group(1)));
                }
            }
        }
        return newest;
    }

    private String sums() throws IOException {
        MessageDigest md5;
        try {
            md5 = MessageDigest.getInstance("MD5");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
        StringBuilder sums = new StringBuilder();
        for (Map.Entry<String, Entry> e : entries.entrySet()) {
            if (e.getValue().isFile() && !e.getKey().startsWith("etc/")) {
                String sum = HexFormat.of().formatHex(md5.digest(e.getValue().content()));
                sums.append(sum).append("  ").append(e.getKey()).append('\n');
            }
        }
        return sums.toString();
    }

    /// What the program answers to besides its own name, for the system's commands.
    private List<String> otherNames() {
        String folder = PROGRAM + "/bin/";
        return entries.keySet().stream()
                .filter(name -> name.startsWith(folder))
                .map(name -> name.substring(folder.length()))
                .filter(name -> !OWN_PLACE.contains(name))
                .collect(Collectors.toList());
    }

    private static byte[] zipped(byte[] content) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (OutputStream zip = Release.gzip(out)) {
            zip.write(content);
        }
        byte[] zipped = out.toByteArray();
        zipped[EXTRA_FLAGS] = SLOWEST;
        return zipped;
    }

    private String labelled(String name) throws IOException {
        return resource(name)
                .replace("@VERSION@", label.version)
                .replace("@ARCHITECTURE@", label.architecture)
                .replace("@MAINTAINER@", label.maintainer);
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(DebianPackage.class.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
