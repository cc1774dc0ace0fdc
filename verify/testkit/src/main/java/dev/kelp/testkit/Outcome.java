// SPDX-License-Identifier: Apache-2.0
package dev.kelp.testkit;

import java.util.List;

/// What a program did: its exit code (128+n when signal n ended it) and what it wrote.
public record Outcome(List<String> command, int exitCode, String out, String err) {
    /// Fails with everything there is to know unless the exit code is this one.
    public Outcome expect(int code) {
        if (exitCode != code) {
            throw new AssertionError("exit code " + exitCode + " instead of " + code + "\n" + this);
        }
        return this;
    }

    public Outcome succeeded() {
        return expect(0);
    }

    /// Standard output without white space around it.
    public String text() {
        return out.strip();
    }

    public List<String> lines() {
        return out.lines().toList();
    }

    @Override
    public String toString() {
        return "$ " + String.join(" ", command) + "\n-- exit code " + exitCode + "\n-- stdout\n" + out + "\n-- stderr\n"
                + err;
    }
}
