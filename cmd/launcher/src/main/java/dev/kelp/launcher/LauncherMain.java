// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import dev.kelp.launcher.bypass.Program;
import dev.kelp.model.KelpException;
import dev.kelp.rootless.Holder;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/// The entry of the JVM beside a launcher, and of `rootlessctl`, `bypass4netns` and `bypass4netnsd`. The one place here
/// that reads the process' environment.
public final class LauncherMain {
    private static final int FAILED = 1;

    private LauncherMain() {}

    /// @param words the program's own name first
    public static void main(String[] words) {
        CallerEnvironment caller =
                new CallerEnvironment(System.getenv(), Path.of("").toAbsolutePath());
        System.exit(run(List.of(words), caller));
    }

    private static int run(List<String> words, CallerEnvironment caller) {
        if (Path.of(words.getFirst()).getFileName().toString().startsWith("bypass4netns")) {
            return new Program(words, caller.variables(), caller.workingDirectory(), System.out, System.err)
                    .run(LauncherMain::last);
        }
        boolean asks = Path.of(words.getFirst()).endsWith("rootlessctl");
        Console console = new Console(System.out, System.err, asks ? "" : Console.PARENT, false);
        try {
            if (asks) {
                return new RootlessCtl(caller, System.out).run(words);
            }
            Arguments arguments = Arguments.parse(words);
            console = new Console(System.out, System.err, Console.PARENT, arguments.on(Flag.DEBUG));
            return rootlesskit(arguments, words.size(), caller, console);
        } catch (KelpException e) {
            console.error(e);
            return FAILED;
        }
    }

    private static void last(Runnable cleaning, CompletableFuture<Void> end) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            cleaning.run();
            // the JVM's own code would be the signal's
            Runtime.getRuntime().halt(0);
        }));
        end.join();
    }

    private static int rootlesskit(Arguments arguments, int words, CallerEnvironment caller, Console console) {
        String part = arguments.text(Flag.PRINT_SEMVER);
        if (arguments.on(Flag.HELP)) {
            console.print(HelpPage.text());
        } else if (arguments.on(Flag.VERSION)) {
            console.print("rootlesskit version " + Version.TEXT);
        } else if (!part.isEmpty()) {
            console.print(Integer.toString(semver(part)));
        } else if (arguments.firstWord() >= words) {
            throw KelpException.invalid("no command specified").withHint("rootlesskit --help lists the flags");
        } else {
            Settings settings = Settings.check(arguments);
            String failure = caller.variable("KELP_LAUNCH_ERROR").orElse("");
            if (!failure.isEmpty()) {
                throw Hints.failure(failure, caller.variable("KELP_ROOT").orElse("") + "/bin/kelp");
            }
            return new Launch(settings, caller, console, Holder.inherited()).run();
        }
        return 0;
    }

    private static int semver(String part) {
        return switch (part) {
            case "major" -> Version.MAJOR;
            case "minor" -> Version.MINOR;
            case "patch" -> Version.PATCH;
            default -> throw KelpException.invalid("expected --print-semver=(major|minor|patch), got \"" + part + "\"");
        };
    }
}
