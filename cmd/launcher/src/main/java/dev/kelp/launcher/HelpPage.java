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

            DESCRIPTION:
               Runs COMMAND in a user and a mount namespace of its own, in which it is root: it may mount, change
               owners to subordinate ids and make further namespaces, and outside it has no more rights than the caller.
               Signals are passed on to it. With --net it gets a network of its own, and --port-driver publishes its
               ports.

            EXAMPLES:
               # a shell
               rootlesskit bash

               # /etc and /run that can be changed
               rootlesskit --copy-up=/etc --copy-up=/run bash

               # mounts of the host appear inside, too
               rootlesskit --propagation=rslave bash

               # a network, and its port 80 on the host's 127.0.0.1:8080
               rootlesskit --copy-up=/etc --net=slirp4netns --disable-host-loopback \\
                 --port-driver=builtin -p 127.0.0.1:8080:80/tcp bash

               # from outside into a command that runs
               nsenter -U --preserve-credentials -m -n -t $(cat STATE_DIR/child_pid)

            OPTIONS:
            """;

    private static final String TAIL = """
            ENVIRONMENT OF THE COMMAND:
               ROOTLESSKIT_STATE_DIR    the state directory
               ROOTLESSKIT_PARENT_EUID  the caller's user id
               ROOTLESSKIT_PARENT_EGID  the caller's group id
               LISTEN_PID, LISTEN_FDS   as systemd's socket activation has set them for the launcher

            FILES OF THE STATE DIRECTORY:
               lock                     locked as long as this directory is in use
               child_pid                the pid of COMMAND, or with --pidns of process 1 before it
               api.sock                 HTTP: GET /v1/info, GET and POST /v1/ports, DELETE /v1/ports/ID
               netns                    with --detach-netns, in COMMAND's mount namespace: the network namespace
               resolv.conf, hosts       those of the network namespace

            EXIT STATUS:
               That of COMMAND; 255 when a signal ended it; 1 when it could not be started.

            SEE ALSO:
               rootlessctl --help, subuid(5), user_namespaces(7), slirp4netns(1), pasta(1)
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
        return page.append(TAIL).toString().stripTrailing();
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
