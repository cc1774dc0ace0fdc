// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import dev.kelp.cli.ClientContext;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec.ProcessSpec;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// What the first process is and how it talks.
@Command(optionListHeading = "Process")
public final class ProcessFlags {
    @Option(
            names = {"-i", "--interactive"},
            description = "keep standard input open and pass it on")
    boolean interactive;

    @Option(
            names = {"-t", "--tty"},
            description = "give it a terminal")
    boolean tty;

    @Option(
            names = {"-e", "--env"},
            paramLabel = "NAME[=VALUE]",
            description = "set a variable; a bare name takes yours")
    List<String> env = new ArrayList<>();

    @Option(names = "--env-file", paramLabel = "FILE", description = "read variables, one NAME[=VALUE] a line")
    List<String> envFiles = new ArrayList<>();

    @Option(
            names = {"-u", "--user"},
            paramLabel = "USER[:GROUP]",
            description = "name or id to run as")
    @Nullable
    String user;

    @Option(
            names = "--group-add",
            paramLabel = "GROUP",
            description = "further groups, by name or id; keep-groups: your own (crun)")
    List<String> groups = new ArrayList<>();

    @Option(
            names = {"-w", "--workdir"},
            paramLabel = "DIR",
            description = "working directory; made when missing")
    @Nullable
    String workdir;

    @Option(names = "--entrypoint", paramLabel = "COMMAND", description = "replaces the image's; empty: none")
    @Nullable
    String entrypoint;

    @Option(names = "--umask", paramLabel = "OCTAL", description = "file mode creation mask (default: 0022)")
    @Nullable
    String umask;

    @Option(names = "--env-host", description = "set all variables of yours")
    boolean envHost;

    @Option(names = "--unsetenv", paramLabel = "NAME", description = "leave out a variable of the image")
    List<String> unsetEnv = new ArrayList<>();

    @Option(names = "--unsetenv-all", description = "leave out all variables of the image")
    boolean unsetEnvAll;

    @Option(names = "--tz", paramLabel = "ZONE", description = "time zone: Europe/Paris, or local for this machine's")
    @Nullable
    String timezone;

    public boolean interactive() {
        return interactive;
    }

    public boolean tty() {
        return tty;
    }

    /// @param words what follows the image; empty: the image's own command
    /// @param attachesStdin standard input ends with the client that attaches at the start
    public ProcessSpec spec(ClientContext client, List<String> words, boolean attachesStdin) {
        if (workdir != null && !workdir.startsWith("/")) {
            throw KelpException.invalid("the working directory `" + workdir + "` is not an absolute path");
        }
        if (groups.contains("keep-groups") && groups.size() > 1) {
            throw KelpException.invalid("--group-add keep-groups excludes other groups");
        }
        if (timezone != null && !timezone.matches("local|[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")) {
            throw KelpException.invalid("invalid --tz `" + timezone + "`");
        }
        List<String> all = new ArrayList<>();
        if (envHost) {
            client.variables().forEach((name, value) -> all.add(name + "=" + value));
        }
        all.addAll(EnvFile.environment(client, envFiles, env));
        return new ProcessSpec(
                words.isEmpty() ? null : words,
                entrypoint == null ? null : entrypoint.isEmpty() ? List.of() : List.of(entrypoint),
                all,
                user,
                workdir,
                tty,
                interactive,
                interactive && attachesStdin,
                groups,
                umask == null ? null : octal(umask),
                unsetEnvAll ? List.of("*") : unsetEnv,
                timezone);
    }

    private static int octal(String text) {
        if (!text.matches("0?[0-7]{1,4}") || Integer.parseInt(text, 8) > 0777) {
            throw KelpException.invalid("invalid --umask `" + text + "`: expected octal digits up to 0777");
        }
        return Integer.parseInt(text, 8);
    }
}
