// SPDX-License-Identifier: Apache-2.0
package dev.kelp.vm;

import java.util.ArrayList;
import java.util.List;

/// One thing a scenario looked at, as `scenarios/checks.sh` prints it: `@ pass SECONDS NAME` or `@ fail SECONDS NAME`,
/// and what the command said, up to the next such line.
///
/// @param details what explains a failure
record Check(String name, boolean passed, String seconds, String details) {
    /// The last line of a script that came to its end.
    static final String END = "@ end";

    static List<Check> of(List<String> output) {
        List<Check> all = new ArrayList<>();
        for (int i = 0; i < output.size(); i++) {
            String[] words = output.get(i).split(" ", 4);
            if (words.length < 4 || !words[0].equals("@") || !words[1].matches("pass|fail")) {
                continue;
            }
            int end = i + 1;
            while (end < output.size() && !output.get(end).startsWith("@ ")) {
                end++;
            }
            String details = String.join("\n", output.subList(i + 1, end));
            all.add(new Check(words[3], words[1].equals("pass"), words[2], details));
        }
        return all;
    }
}
