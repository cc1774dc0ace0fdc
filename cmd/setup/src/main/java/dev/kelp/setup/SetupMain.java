// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/// The entry of the JVM of `kelp setup`. The one place here that reads the process' environment.
public final class SetupMain {
    private SetupMain() {}

    /// @param words the name it was called by first: `setup`, or that of a program it stands for
    @SuppressWarnings("SystemConsoleNull") // it is null again where JDK 25's own default finds no terminal
    public static void main(String[] words) {
        Map<String, String> variables = System.getenv();
        boolean terminal = System.console() != null && System.console().isTerminal();
        Console console = new Console(System.out, System.err, terminal && !variables.containsKey("NO_COLOR"));
        List<String> all = List.of(words);
        String name = String.valueOf(Path.of(all.getFirst()).getFileName());
        System.exit(new SetupTool(name, console, variables, new SystemPrograms()).run(all.subList(1, all.size())));
    }
}
