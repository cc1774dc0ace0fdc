// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e.cases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kelp.e2e.Engines;
import dev.kelp.e2e.cases.Case.Kind;
import dev.kelp.e2e.cases.Case.Status;
import dev.kelp.e2e.cases.Outcomes.Verdict;
import dev.kelp.testkit.PodmanCli;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// Every case of the list, on Kelp, and a part of them on Podman: all of them when KELP_TEST_ENGINES names it.
/// KELP_CASES, a regular expression over `area: name`, selects.
@Tag("e2e")
class CasesTest {
    /// One of so many cases is asked of Podman when nobody asked for Podman: its commands take ten times as long.
    private static final int PODMAN_SAMPLE = 8;

    private static final String ENGINES = System.getenv().getOrDefault("KELP_TEST_ENGINES", "");
    private static final Pattern SELECTED = Pattern.compile(System.getenv().getOrDefault("KELP_CASES", ""));

    private final Outcomes outcomes = new Outcomes();

    @TestFactory
    Stream<DynamicNode> cases() {
        Map<String, List<Case>> areas = areas();
        Stream<DynamicNode> containers = areas.entrySet().stream()
                .flatMap(
                        area -> Stream.of("kelp", "podman").flatMap(e -> container(area.getKey(), area.getValue(), e)));
        return containers.onClose(() -> report(areas));
    }

    @Test
    void casesNameOnlyFunctionsThatAreThere() {
        List<Case> all = areas().values().stream().flatMap(List::stream).toList();
        assertThat(index().unknown(all)).isEmpty();
        assertThat(all.stream().map(c -> c.area() + ": " + c.name())).doesNotHaveDuplicates();
    }

    /// The cases of one file on one engine; no container where there are none.
    private Stream<DynamicNode> container(String area, List<Case> cases, String engine) {
        List<Case> asked = cases.stream().filter(c -> isAsked(c, engine)).toList();
        if (asked.isEmpty()) {
            return Stream.empty();
        }
        Lazy shelf = new Lazy(engine);
        Stream<DynamicTest> tests =
                asked.stream().map(c -> DynamicTest.dynamicTest(c.name(), () -> run(c, engine, shelf)));
        return Stream.of(DynamicContainer.dynamicContainer(area + " on " + engine, tests.onClose(shelf::close)));
    }

    private static boolean isAsked(Case about, String engine) {
        if (!SELECTED.matcher(about.area() + ": " + about.name()).find()) {
            return false;
        } else if (engine.equals("kelp")) {
            return ENGINES.isEmpty() || ENGINES.contains("kelp");
        } else if (about.podman().kind() == Kind.NOT_ASKED || !PodmanCli.available()) {
            return false;
        }
        return ENGINES.isEmpty()
                ? Math.floorMod(about.name().hashCode(), PODMAN_SAMPLE) == 0
                : ENGINES.contains("podman");
    }

    private void run(Case about, String engine, Lazy shelf) {
        Optional<String> lacking =
                about.needs().stream().flatMap(n -> Needs.lacking(n).stream()).findFirst();
        if (lacking.isPresent()) {
            outcomes.note(about, engine, Verdict.SKIPPED);
            assumeTrue(false, lacking.get());
        }
        Optional<String> failure = new CaseRun(about, shelf.get().environment(), variables()).failure();
        Status status = engine.equals("kelp") ? about.kelp() : about.podman();
        boolean asExpected = failure.isEmpty() != (status.kind() == Kind.NOT_YET);
        outcomes.note(about, engine, asExpected ? Verdict.PASSED : Verdict.FAILED);
        if (engine.equals("podman") && status.kind() == Kind.DIFFERS) {
            return;
        }
        String where = about.area() + ".txt:" + about.line() + ": " + about.name() + "\n";
        if (status.kind() == Kind.NOT_YET) {
            assertThat(asExpected)
                    .as(where + "passes; it is no longer `not-yet: " + status.reason() + "`")
                    .isTrue();
        } else {
            failure.ifPresent(text -> {
                throw new AssertionError(where + text);
            });
        }
    }

    private static Map<String, String> variables() {
        Map<String, String> variables = new HashMap<>();
        variables.put("IMG", Engines.busybox());
        variables.put("REG", Engines.registry().host());
        Needs.debian().ifPresent(image -> variables.put("DEBIAN", image));
        Needs.ownAddress().ifPresent(address -> variables.put("OWN", address));
        return variables;
    }

    private void report(Map<String, List<Case>> areas) {
        List<Case> all = areas.values().stream().flatMap(List::stream).toList();
        try {
            Path target = Files.createDirectories(Path.of(System.getProperty("kelp.checkout"), "target"));
            Files.writeString(target.resolve("cases.md"), CaseReport.of(outcomes, index(), all));
        } catch (IOException e) {
            throw new UncheckedIOException("write the table of cases", e);
        }
    }

    private static Map<String, List<Case>> areas() {
        try (Stream<Path> files = Files.list(resource("/cases"))) {
            Map<String, List<Case>> areas = new java.util.TreeMap<>();
            for (Path file : files.toList()) {
                String area = file.getFileName().toString().replaceFirst("\\.txt$", "");
                areas.put(area, CaseFile.parse(area, Files.readString(file)));
            }
            return areas;
        } catch (IOException e) {
            throw new UncheckedIOException("read the case list", e);
        }
    }

    private static UpstreamIndex index() {
        try {
            return UpstreamIndex.parse(Files.readString(resource("/upstream/nerdctl.txt")));
        } catch (IOException e) {
            throw new UncheckedIOException("read the index", e);
        }
    }

    private static Path resource(String name) {
        try {
            return Path.of(CasesTest.class.getResource(name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /// The engine of one container of tests: started by its first case, closed after its last.
    private static final class Lazy {
        private final String engine;
        private @Nullable Shelf shelf;

        Lazy(String engine) {
            this.engine = engine;
        }

        Shelf get() {
            if (shelf == null) {
                shelf = new Shelf(engine);
            }
            return shelf;
        }

        void close() {
            if (shelf != null) {
                shelf.close();
            }
        }
    }
}
