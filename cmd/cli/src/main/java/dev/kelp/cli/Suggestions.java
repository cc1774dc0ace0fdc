// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli;

import java.util.Collection;
import java.util.Optional;

/// Finds the known word that a mistyped one was probably meant to be.
public final class Suggestions {
    /// Longer words are no slips of the finger.
    private static final int WORD_CHARS_MAX = 40;

    private Suggestions() {}

    /// Empty when none is near.
    public static Optional<String> closest(String word, Collection<String> known) {
        if (word.length() > WORD_CHARS_MAX) {
            return Optional.empty();
        }
        String best = null;
        int bestDistance = Math.max(1, Math.min(3, word.replace("-", "").length() / 2)) + 1;
        for (String k : known) {
            int d = k.length() > 3 && k.startsWith(word) && word.length() > 2 ? 1 : distance(word, k);
            if (d < bestDistance) {
                best = k;
                bestDistance = d;
            }
        }
        return Optional.ofNullable(best);
    }

    /// Edits needed to turn one into the other; two neighbours exchanged count once.
    static int distance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                d[i][j] = Math.min(Math.min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + change);
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}
