// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup;

import dev.kelp.setup.check.Finding;
import dev.kelp.setup.check.Remedy;
import dev.kelp.setup.check.Survey;
import java.io.IOException;
import java.util.List;

/// What is advised, done by root, or as a script for root.
record Fix(Console console, boolean isRoot) {
    /// Goes through all findings that are trouble.
    ///
    /// @return 0 when nothing that was done failed
    int apply(Survey survey) throws IOException, InterruptedException {
        int failures = 0;
        List<Finding> trouble =
                survey.checks().stream().filter(Finding::isTrouble).toList();
        for (Finding finding : trouble) {
            console.print("# " + finding.name() + ": " + finding.reason());
            for (Remedy remedy : finding.remedies()) {
                if (!remedy.asRoot()) {
                    remedy.commands().forEach(line -> console.print("#   as yourself: " + line));
                } else if (isRoot && !remedy.commands().isEmpty()) {
                    failures += perform(remedy);
                } else {
                    remedy.commands().forEach(console::print);
                }
                if (!remedy.after().isEmpty()) {
                    console.print("#   " + (remedy.commands().isEmpty() ? "" : "then: ") + remedy.after());
                }
            }
        }
        if (trouble.isEmpty()) {
            console.print("# nothing to do");
        }
        return failures == 0 ? 0 : SetupTool.FAILED;
    }

    private int perform(Remedy remedy) throws IOException, InterruptedException {
        remedy.commands().forEach(line -> console.print("+ " + line));
        console.out().flush();
        int code = SystemPrograms.runHere(List.of("/bin/sh", "-ec", String.join("\n", remedy.commands())));
        if (code != 0) {
            console.error("That ended with " + code);
        }
        return code == 0 ? 0 : 1;
    }
}
