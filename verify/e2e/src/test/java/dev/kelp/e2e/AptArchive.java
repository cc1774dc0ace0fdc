// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e;

import static org.junit.jupiter.api.Assumptions.abort;

import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// Debian's archive, found by this machine's own apt sources. The machine's other sources, its keys and its proxy are
/// of no use to a container, and not asked.
final class AptArchive {
    private static final String MIRRORS = "mirror+file:";
    private static final Pattern RELEASE = Pattern.compile("'(.+)/dists/.+/InRelease' .*");

    /// Nothing of the machine's settings, and no more than what a release says of itself.
    private static final String SETTINGS = """
            Dir::Etc::Main "/dev/null";
            Dir::Etc::Parts "/dev/null";
            Dir::Etc::SourceList "%1$s/sources.list";
            Dir::Etc::SourceParts "/dev/null";
            Dir::State::Lists "%1$s/lists";
            Dir::Cache "%1$s/cache";
            APT::Sandbox::User "root";
            Acquire::Languages "none";
            Acquire::Retries "0";
            Acquire::http::Timeout "5";
            Acquire::IndexTargets::deb::Packages::DefaultEnabled "false";
            """;

    private AptArchive() {}

    /// What the machine's sources ask by http; https needs certificates that a minimal system has not.
    static List<String> sources() {
        if (!Files.isExecutable(Path.of("/usr/bin/apt-get"))) {
            return List.of();
        }
        return Program.of("apt-get", "update", "--print-uris").run().lines().stream()
                .map(RELEASE::matcher)
                .filter(Matcher::matches)
                .map(m -> m.group(1))
                .flatMap(AptArchive::mirrors)
                .filter(uri -> uri.startsWith("http://"))
                .distinct()
                .toList();
    }

    private static Stream<String> mirrors(String uri) {
        if (!uri.startsWith(MIRRORS)) {
            return Stream.of(uri);
        }
        try {
            return Files.readAllLines(Path.of(uri.substring(MIRRORS.length()))).stream()
                    .map(line -> line.strip().split("\\s", 2)[0]);
        } catch (IOException e) {
            // nor can apt read it
            return Stream.empty();
        }
    }

    /// A `sources.list` of one line, in a new folder of that one: the first of the sources at which Debian's own
    /// archive answers this machine. Without one the test is aborted.
    static Path sourcesList(List<String> sources, String codename, Path folder) {
        List<String> refusals = new ArrayList<>();
        for (int i = 0; i < sources.size(); i++) {
            try {
                Path own = Files.createDirectories(folder.resolve("apt" + i));
                Path list = Files.writeString(
                        own.resolve("sources.list"),
                        "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] " + sources.get(i) + " "
                                + codename + " main\n");
                Outcome update = updated(own);
                if (isDebian(own.resolve("lists"))) {
                    return list;
                }
                refusals.add(sources.get(i) + ": " + update);
            } catch (IOException e) {
                throw new UncheckedIOException("ask " + sources.get(i), e);
            }
        }
        return abort("no apt source of this machine is Debian's archive of " + codename + " and answers: " + refusals);
    }

    private static Outcome updated(Path folder) throws IOException {
        Files.createDirectories(folder.resolve("lists/partial"));
        Files.createDirectories(folder.resolve("cache/archives/partial"));
        Path settings = Files.writeString(folder.resolve("apt.conf"), SETTINGS.formatted(folder));
        return Program.of("timeout", "30", "apt-get", "-q", "update")
                .environment(Map.of("APT_CONFIG", settings.toString(), "http_proxy", ""))
                .run();
    }

    /// Whether a release of Debian's own is there: apt keeps only what was signed.
    private static boolean isDebian(Path lists) throws IOException {
        try (Stream<Path> files = Files.list(lists)) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith("InRelease")).toList()) {
                if (Files.readAllLines(file).contains("Origin: Debian")) {
                    return true;
                }
            }
        }
        return false;
    }
}
