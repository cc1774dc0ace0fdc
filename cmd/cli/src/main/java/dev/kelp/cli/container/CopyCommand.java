// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.engine.ContainerFileAccess;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "cp",
        customSynopsis = {"[OPTIONS] CONTAINER:PATH PATH|-", "[OPTIONS] PATH|- CONTAINER:PATH"},
        description = {
            "Copies files and folders between a container, running or not, and you.",
            "With - a tar is written to standard output or read from standard input. A folder that ends in /. means"
                    + " what is in it."
        },
        footer = {
            "kelp cp web:/etc/nginx/nginx.conf .",
            "kelp cp site/. web:/usr/share/nginx/html",
            "kelp cp web:/var/log - | tar -t"
        })
public final class CopyCommand extends KelpCommand {
    private static final int BUFFER_BYTES = 256 << 10;

    @Option(
            names = {"-a", "--archive"},
            description = "keep owners and groups; otherwise files in the container are its root's")
    boolean archive;

    @Option(
            names = {"-L", "--follow-link"},
            description = "copy what a symbolic link named as source leads to")
    boolean followLink;

    @Option(
            names = {"-q", "--quiet"},
            description = "accepted: there is no progress")
    boolean quiet;

    @Parameters(index = "0", paramLabel = "SOURCE")
    String source = "";

    @Parameters(index = "1", paramLabel = "TARGET")
    String target = "";

    /// @param container null: the path is the user's
    record End(@Nullable String container, String path) {
        static End of(String word) {
            int colon = word.indexOf(':');
            // a path of the user's may have a colon when it begins like one
            if (colon <= 0 || word.startsWith("/") || word.startsWith(".")) {
                return new End(null, word);
            }
            return new End(word.substring(0, colon), word.substring(colon + 1));
        }
    }

    @Override
    public int run(Invocation call) {
        End from = End.of(source);
        End to = End.of(target);
        if (from.container() != null && to.container() != null) {
            throw new KelpException(ErrorKind.UNSUPPORTED, "copying between containers is not supported")
                    .withHint("kelp cp " + source + " - | kelp cp - " + target);
        }
        if (from.container() != null) {
            copyOut(call, from, to.path());
        } else if (to.container() != null) {
            copyIn(call, from.path(), to);
        } else {
            throw KelpException.invalid("neither `" + source + "` nor `" + target + "` names a container")
                    .withHint("write CONTAINER:PATH for one of them");
        }
        return 0;
    }

    private void copyOut(Invocation call, End from, String to) {
        ContainerFileAccess files = call.containers().files(String.valueOf(from.container()));
        ClientContext client = call.client();
        checkPath(from.path());
        if (!to.equals("-")) {
            checkPath(to);
            files.copyOut(from.path(), to, followLink, client);
            return;
        }
        if (client.outputIsTerminal()) {
            throw KelpException.invalid("the archive is not written to a terminal")
                    .withHint("send it to a file or a program: `kelp cp … - | tar -x`");
        }
        try (OutputStream out = new BufferedOutputStream(client.out(), BUFFER_BYTES)) {
            files.pack(from.path(), followLink, out);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot write the archive: " + e.getMessage(), e);
        }
    }

    private void copyIn(Invocation call, String from, End to) {
        ContainerFileAccess files = call.containers().files(String.valueOf(to.container()));
        checkPath(to.path());
        if (!from.equals("-")) {
            checkPath(from);
            files.copyIn(from, to.path(), new ContainerFileAccess.CopyOptions(followLink, archive), call.client());
            return;
        }
        InputStream in = call.client()
                .in()
                .orElseThrow(() -> KelpException.invalid("there is no archive on standard input")
                        .withHint("send one: `tar -c FILES | kelp cp - " + target + "`"));
        files.unpack(to.path(), in);
    }

    private static void checkPath(String path) {
        if (path.isEmpty()) {
            throw KelpException.invalid("a path is empty");
        }
        if (path.indexOf('\0') >= 0) {
            throw KelpException.invalid("a path has a NUL");
        }
    }
}
