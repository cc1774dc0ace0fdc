// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e.cases;

import dev.kelp.e2e.cases.Case.Step;
import dev.kelp.e2e.cases.Expectation.Mark;
import dev.kelp.testkit.Folders;
import dev.kelp.testkit.Outcome;
import dev.kelp.testkit.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One case on one engine: all its commands go into one shell, each command's output and exit code into files.
final class CaseRun {
    private static final int CLEAN_SECONDS = 60;
    private static final Pattern VARIABLE = Pattern.compile("\\$(?:\\{([A-Z]+)}|([A-Z]+))");
    /// What cases may use besides programs: `tty` gives a command line a terminal, `eventually` repeats one for ten
    /// seconds until it succeeds.
    private static final String FUNCTIONS = """
            tty() { script -qefc "$*" /dev/null; }
            eventually() {
                local tries=0
                until bash -c "$*" >/dev/null 2>&1; do
                    tries=$((tries + 1))
                    [ $tries -lt 100 ] || { echo "not within 10 s: $*" >&2; return 1; }
                    sleep 0.1
                done
                bash -c "$*"
            }
            """;
    /// Whatever a case leaves would be the next one's surprise.
    private static final String CLEAN = """
            left=$(kelp ps -aq) && [ -z "$left" ] || kelp rm -fv $left
            """;

    private final Case about;
    private final Map<String, String> environment;
    private final Map<String, String> variables;
    private final Path folder;

    /// @param environment of an engine: a `kelp` in PATH is it
    /// @param variables what cases of all kinds may use: IMG, REG …
    CaseRun(Case about, Map<String, String> environment, Map<String, String> variables) {
        this.about = about;
        this.environment = environment;
        this.folder = Folders.create("case-");
        this.variables = new HashMap<>(variables);
        this.variables.put("NAME", about.slug());
        this.variables.put("TMP", folder.resolve("tmp").toString());
    }

    /// Why the case failed, with all that was typed and printed; empty when it passed.
    Optional<String> failure() {
        try {
            Files.createDirectory(folder.resolve("tmp"));
            Outcome shell = bash(script(), about.timeoutSeconds());
            StringBuilder transcript = new StringBuilder();
            List<String> failures = new ArrayList<>();
            for (int i = 0; i < about.steps().size(); i++) {
                Step step = about.steps().get(i);
                Optional<Outcome> outcome = outcome(i, step);
                if (outcome.isEmpty()) {
                    failures.add("line " + step.line() + ": did not end; the shell: " + shell);
                    break;
                }
                transcript.append(outcome.get()).append('\n');
                check(step, outcome.get()).forEach(f -> failures.add("line " + step.line() + ": " + f));
            }
            return failures.isEmpty()
                    ? Optional.empty()
                    : Optional.of(String.join("\n", failures) + "\n\n" + transcript);
        } catch (IOException e) {
            throw new UncheckedIOException("run case " + about.name(), e);
        } finally {
            bash(CLEAN + String.join("\n", about.clean()), CLEAN_SECONDS);
            Folders.delete(folder);
        }
    }

    private Outcome bash(String script, int seconds) {
        Map<String, String> all = new HashMap<>(environment);
        all.putAll(variables);
        // In a process group of its own, so that nothing of a hanging case goes on.
        return Program.of("timeout", "--kill-after=5", Integer.toString(seconds), "bash", "-c", FUNCTIONS + script)
                .environment(all)
                .directory(folder.resolve("tmp"))
                .timeoutSeconds(seconds + 20)
                .run();
    }

    private String script() {
        StringBuilder script = new StringBuilder();
        for (int i = 0; i < about.steps().size(); i++) {
            script.append("{\n%s\n} >%s 2>%s </dev/null\necho $? >%s\n"
                    .formatted(about.steps().get(i).command(), file(i, "out"), file(i, "err"), file(i, "code")));
        }
        return script.toString();
    }

    private Path file(int step, String what) {
        return folder.resolve(step + "." + what);
    }

    private Optional<Outcome> outcome(int i, Step step) throws IOException {
        if (!Files.exists(file(i, "code")) || Files.size(file(i, "code")) == 0) {
            return Optional.empty();
        }
        return Optional.of(new Outcome(
                List.of(step.command()), Integer.parseInt(text(i, "code").strip()), text(i, "out"), text(i, "err")));
    }

    private String text(int step, String what) throws IOException {
        return new String(Files.readAllBytes(file(step, what)), StandardCharsets.UTF_8);
    }

    private List<String> check(Step step, Outcome outcome) {
        List<String> failures = new ArrayList<>();
        if (step.expectations().stream().noneMatch(e -> e.mark() == Mark.EXIT) && outcome.exitCode() != 0) {
            failures.add("exit code " + outcome.exitCode());
        }
        UnaryOperator<String> expand = text -> expand(text, UnaryOperator.identity());
        UnaryOperator<String> expandInPattern = text -> expand(text, Pattern::quote);
        for (Expectation expectation : step.expectations()) {
            if (expectation.mark() != Mark.LINE) {
                expectation.failure(outcome, expand, expandInPattern).ifPresent(failures::add);
            }
        }
        for (boolean stderr : new boolean[] {false, true}) {
            List<Expectation> lines = step.expectations().stream()
                    .filter(e -> e.mark() == Mark.LINE && e.stderr() == stderr)
                    .toList();
            Expectation.linesFailure(lines, outcome, expand).ifPresent(failures::add);
        }
        return failures;
    }

    /// Replaces the case's own variables; another dollar sign stays (in patterns it is the end of a line).
    private String expand(String text, UnaryOperator<String> quote) {
        return VARIABLE.matcher(text).replaceAll(match -> {
            String value = variables.get(match.group(1) == null ? match.group(2) : match.group(1));
            return Matcher.quoteReplacement(value == null ? match.group() : quote.apply(value));
        });
    }
}
