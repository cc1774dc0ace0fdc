// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.apparmor;

import dev.kelp.cli.Invocation;
import dev.kelp.engine.UserEnvironment.HelperResult;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// A profile in the kernel.
///
/// @param mode `enforce`, `complain`, …
record Loaded(String name, String mode) {
    static final String FOLDER = "/sys/kernel/security/apparmor";

    private static final int LIST_BYTES_MAX = 4 << 20;
    private static final int NOT_FOUND = 127;

    /// All of them, by name; whoever typed the command must be root.
    static List<Loaded> all(Invocation call) {
        String file = FOLDER + "/profiles";
        byte[] list;
        try {
            list = call.client()
                    .readFile(file, LIST_BYTES_MAX)
                    .orElseThrow(() -> new KelpException(
                                    ErrorKind.UNSUPPORTED, "list AppArmor profiles: there is no " + file)
                            .withHint("AppArmor is off on this machine, or securityfs is not mounted"));
        } catch (KelpException e) {
            throw e.hint().isEmpty() ? e.withHint("only root sees the profiles: sudo kelp apparmor ls") : e;
        }
        return parse(new String(list, StandardCharsets.UTF_8));
    }

    /// Lines of `NAME (MODE)`.
    static List<Loaded> parse(String list) {
        return list.lines()
                .filter(line -> line.endsWith(")") && line.contains(" ("))
                .map(line -> new Loaded(
                        line.substring(0, line.lastIndexOf(" (")),
                        line.substring(line.lastIndexOf(" (") + 2, line.length() - 1)))
                .sorted(java.util.Comparator.comparing(Loaded::name))
                .toList();
    }

    /// Has the client run a program that changes them. What the program says goes to the user.
    static void change(Invocation call, String what, List<String> command, byte[] input) {
        HelperResult result = call.client().runHelper(command, input);
        if (result.exitCode() == NOT_FOUND) {
            throw new KelpException(ErrorKind.UNSUPPORTED, what + ": " + command.getFirst() + " is not there")
                    .withHint("apt-get install apparmor");
        }
        if (result.exitCode() != 0) {
            throw new KelpException(
                            ErrorKind.FAILED_PRECONDITION,
                            what + ": " + command.getFirst() + " ended with " + result.exitCode())
                    .withHint("only root changes what is loaded");
        }
    }
}
