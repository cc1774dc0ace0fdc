// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher;

import java.util.Locale;

/// `rootlesskit --help`. Scripts look for flags in it.
final class HelpPage {
    private static final String HEAD = """
            NAME:
               rootlesskit - run a command as root of a user namespace

            USAGE:
               rootlesskit [global options] COMMAND [ARGUMENT...]

            VERSION:
               VERSION_TEXT

            EXAMPLES:
               rootlesskit bash
               rootlesskit --copy-up=/etc --net=slirp4netns --disable-host-loopback \\
                 --port-driver=builtin -p 127.0.0.1:8080:80/tcp bash

            OPTIONS:
            """;

    private HelpPage() {}

    static String text() {
        StringBuilder page = new StringBuilder(HEAD.replace("VERSION_TEXT", Version.TEXT));
        for (Flag.Group group : Flag.Group.values()) {
            page.append("  ").append(group.title()).append(":\n");
            for (Flag flag : Flag.values()) {
                if (flag.group() == group) {
                    page.append(line(flag));
                }
            }
            page.append('\n');
        }
        return page.toString().stripTrailing();
    }

    private static String line(Flag flag) {
        String name = "--" + flag.word()
                + switch (flag.kind()) {
                    case SWITCH -> "";
                    case TEXT, LIST -> " value";
                    case NUMBER -> " number";
                };
        boolean plain =
                flag.byDefault().isEmpty() || flag.byDefault().equals("false") || flag.kind() == Flag.Kind.NUMBER;
        String byDefault = plain ? "" : " (default: " + flag.byDefault() + ")";
        return String.format(Locale.ROOT, "    %-32s %s%s%n", name, flag.meaning(), byDefault);
    }
}
