// SPDX-License-Identifier: Apache-2.0
package dev.kelp.e2e.cases;

import dev.kelp.e2e.cases.Case.Kind;
import dev.kelp.e2e.cases.Case.Status;
import dev.kelp.e2e.cases.Case.Step;
import dev.kelp.e2e.cases.Expectation.Mark;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// Reads the text of a file of cases; what it does not understand is an error with the line.
final class CaseFile {
    private static final int TIMEOUT_SECONDS = 60;

    private final String area;
    private final List<String> lines;
    private int at;

    private CaseFile(String area, String text) {
        this.area = area;
        this.lines = text.lines().toList();
    }

    static List<Case> parse(String area, String text) {
        return new CaseFile(area, text).cases();
    }

    private List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        while (more()) {
            if (!line().startsWith("--- ")) {
                throw error("expected `--- name` of a case");
            }
            cases.add(one());
        }
        return cases;
    }

    private Case one() {
        int begin = at + 1;
        String name = line().substring(4).strip();
        at++;
        Header header = new Header();
        while (more() && !line().startsWith("$ ") && !line().startsWith("--- ")) {
            header(header);
            at++;
        }
        List<Step> steps = new ArrayList<>();
        while (more() && line().startsWith("$ ")) {
            steps.add(step());
        }
        if (steps.isEmpty()) {
            throw error("case `" + name + "` has no command");
        }
        return new Case(
                area,
                begin,
                name,
                List.copyOf(header.upstream),
                header.kelp,
                header.podman,
                List.copyOf(header.needs),
                header.timeoutSeconds,
                List.copyOf(steps),
                List.copyOf(header.clean));
    }

    private static final class Header {
        private final List<String> upstream = new ArrayList<>();
        private final List<String> needs = new ArrayList<>();
        private final List<String> clean = new ArrayList<>();
        private Status kelp = Status.PASS;
        private Status podman = Status.NOT_ASKED;
        private int timeoutSeconds = TIMEOUT_SECONDS;
    }

    private void header(Header header) {
        int colon = line().indexOf(':');
        if (colon < 0) {
            throw error("expected `key: value`, or `$ command`");
        }
        String value = line().substring(colon + 1).strip();
        switch (line().substring(0, colon)) {
            case "upstream" ->
                Stream.of(value.split(","))
                        .map(String::strip)
                        .forEach(function ->
                                header.upstream.add(function.contains(" ") ? function : "nerdctl " + function));
            case "differs" -> header.kelp = new Status(Kind.DIFFERS, value);
            case "not-yet" -> header.kelp = new Status(Kind.NOT_YET, value);
            case "podman" -> header.podman = podman(value);
            case "needs" -> header.needs.addAll(List.of(value.split(" ")));
            case "timeout" -> header.timeoutSeconds = Integer.parseInt(value);
            case "clean" -> header.clean.add(value);
            default -> throw error("unknown key");
        }
    }

    private Status podman(String value) {
        if (value.equals("same")) {
            return Status.PASS;
        } else if (value.startsWith("differs ")) {
            return new Status(Kind.DIFFERS, value.substring("differs ".length()));
        }
        throw error("expected `podman: same` or `podman: differs REASON`");
    }

    private Step step() {
        int begin = at + 1;
        StringBuilder command = new StringBuilder(line().substring(2));
        at++;
        // What a command's next lines hold is the shell's business: no comments, no blank lines skipped.
        while (at < lines.size() && line().startsWith("  ")) {
            command.append('\n').append(line().substring(2));
            at++;
        }
        List<Expectation> expectations = new ArrayList<>();
        while (more() && !line().startsWith("$ ") && !line().startsWith("--- ")) {
            expectations.add(expectation());
            at++;
        }
        return new Step(begin, command.toString(), List.copyOf(expectations));
    }

    private Expectation expectation() {
        String line = line();
        boolean stderr = line.startsWith("!");
        String marked = stderr ? line.substring(1) : line;
        if (marked.equals("empty")) {
            return new Expectation(Mark.EMPTY, stderr, "empty");
        }
        for (Mark mark : Mark.values()) {
            if (mark != Mark.EMPTY
                    && marked.charAt(0) == mark.sign
                    && (marked.length() == 1 || marked.charAt(1) == ' ')) {
                return new Expectation(mark, stderr, marked.length() == 1 ? "" : marked.substring(2));
            }
        }
        throw error("expected a command or one of `? = + - ~ @ empty`");
    }

    /// Skips blank lines and comments.
    private boolean more() {
        while (at < lines.size() && (line().isBlank() || line().startsWith("#"))) {
            at++;
        }
        return at < lines.size();
    }

    private String line() {
        return lines.get(at);
    }

    private IllegalArgumentException error(String what) {
        String text = at < lines.size() ? line() : "end of file";
        return new IllegalArgumentException(area + ".txt:" + (at + 1) + ": " + what + ": " + text);
    }
}
