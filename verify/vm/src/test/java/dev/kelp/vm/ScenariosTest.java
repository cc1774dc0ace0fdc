// SPDX-License-Identifier: Apache-2.0
package dev.kelp.vm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.kelp.testkit.Outcome;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Each scenario in the machine, each of its checks a test.
///
/// `KELP_VM` chooses: `short` (the default), `all`, or names of scenarios.
class ScenariosTest {
    @TestFactory
    Stream<DynamicNode> scenarios(@TempDir Path folder) throws IOException {
        String wanted = Optional.ofNullable(System.getenv("KELP_VM")).orElse("short");
        Optional<String> lacking = VirtualMachine.lacking();
        return Scenario.in(VirtualMachine.scenarios()).stream().map(scenario -> {
            String name = scenario.name() + ": " + scenario.about();
            if (lacking.isPresent()) {
                return skipped(name, lacking.get());
            }
            if (!isWanted(scenario, wanted)) {
                return skipped(name, "KELP_VM=" + wanted + " leaves it out; KELP_VM=all or its name runs it");
            }
            if (scenario.needsPackage() && VirtualMachine.debianPackage().isEmpty()) {
                return skipped(name, "there is no Debian package in target/release: ./dev package");
            }
            return dynamicContainer(name, Stream.of(scenario).flatMap(s -> tests(s, folder)));
        });
    }

    private static DynamicNode skipped(String name, String reason) {
        return dynamicTest(name, () -> {
            System.out.println("skipped: " + name + ": " + reason);
            abort(reason);
        });
    }

    private static boolean isWanted(Scenario scenario, String wanted) {
        return wanted.equals("all")
                || (wanted.equals("short") && scenario.isShort())
                || List.of(wanted.split("[ ,]+")).contains(scenario.name());
    }

    private static Stream<DynamicNode> tests(Scenario scenario, Path folder) {
        List<DynamicNode> all = new ArrayList<>();
        Optional<Path> disk =
                scenario.boots() > 1 ? Optional.of(folder.resolve(scenario.name() + ".img")) : Optional.empty();
        for (int boot = 1; boot <= scenario.boots(); boot++) {
            Outcome outcome = VirtualMachine.run(scenario, boot, disk);
            List<String> lines = outcome.lines();
            List<Check> checks = Check.of(lines);
            System.out.println(outcome.out() + outcome.err());
            checks.forEach(c -> all.add(dynamicTest(
                    c.name(), () -> assertThat(c.passed()).as(c.details()).isTrue())));
            String end = "boot " + boot + " comes to its end";
            all.add(dynamicTest(
                    end,
                    () -> assertThat(lines)
                            .as("exit code %d: %s%n%s", outcome.exitCode(), outcome.err(), outcome.out())
                            .contains(Check.END)));
            if (!lines.contains(Check.END)) {
                break;
            }
        }
        return all.stream();
    }
}
