// SPDX-License-Identifier: Apache-2.0
package dev.kelp.testkit;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// A real terminal with a shell in it, by a private tmux server: keys go in, the screen comes out, and it can be
/// resized.
/// The prompt is `ready$ `.
public final class Terminal implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofSeconds(20);
    private static final String PROMPT = "ready$";

    private final Path folder = Folders.create("tmux-");

    /// @param environment added to the shell's
    public Terminal(Map<String, String> environment) {
        List<String> words = new ArrayList<>(List.of("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24"));
        environment.forEach((name, value) -> words.addAll(List.of("-e", name + "=" + value)));
        words.addAll(List.of("-e", "PS1=" + PROMPT + " ", "-e", "HISTFILE="));
        // words, not one line: a shell between would drop PS1
        words.addAll(List.of("bash", "--norc", "--noprofile"));
        tmux(words.toArray(String[]::new)).succeeded();
        awaitPrompt();
    }

    /// Types a line and the enter key.
    public void enter(String line) {
        tmux("send-keys", "-l", line).succeeded();
        key("Enter");
    }

    /// Types without the enter key.
    public void type(String text) {
        tmux("send-keys", "-l", text).succeeded();
    }

    /// A key by tmux' name: `C-c`, `C-z`, `Enter`, `Up`.
    public void key(String name) {
        tmux("send-keys", name).succeeded();
    }

    public void resize(int columns, int rows) {
        tmux("resize-window", "-x", Integer.toString(columns), "-y", Integer.toString(rows))
                .succeeded();
    }

    /// What is on the screen and what has scrolled off it, lines that were wrapped in one piece.
    public String screen() {
        return tmux("capture-pane", "-p", "-J", "-S", "-").succeeded().out().stripTrailing();
    }

    /// Waits until some line matches the whole expression (white space at its end aside).
    public void awaitLine(String regex) {
        Pattern pattern = Pattern.compile(regex);
        Waiting.until(
                LIMIT,
                "a line " + regex + " in the terminal",
                () -> screen().lines()
                        .anyMatch(line -> pattern.matcher(line.stripTrailing()).matches()),
                this::screen);
    }

    /// Waits until the last line is the shell's prompt and nothing else.
    public void awaitPrompt() {
        Waiting.until(LIMIT, "the shell's prompt", () -> lastLine().equals(PROMPT), this::screen);
    }

    /// Forgets what is on the screen and before it.
    public void clear() {
        tmux("send-keys", "-R").succeeded();
        tmux("clear-history").succeeded();
        key("Enter");
        awaitPrompt();
    }

    /// The process that the terminal's shell is.
    public long shellPid() {
        return Long.parseLong(
                tmux("display-message", "-p", "#{pane_pid}").succeeded().text());
    }

    @Override
    public void close() {
        tmux("kill-server");
        Folders.delete(folder);
    }

    private String lastLine() {
        return Stream.of(screen().split("\n", -1))
                .reduce((first, second) -> second)
                .orElse("")
                .strip();
    }

    private Outcome tmux(String... words) {
        return Program.of(Stream.concat(
                                Stream.of("tmux", "-S", folder.resolve("socket").toString()), Stream.of(words))
                        .toList())
                .environment(Map.of("TMUX", "", "TERM", "xterm", "LC_ALL", "C.UTF-8"))
                .run();
    }
}
