// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.Invocation;
import dev.kelp.engine.Images.LoginOptions;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "login",
        customSynopsis = "[OPTIONS] [SERVER]",
        description = "Verifies credentials for a registry and keeps them where your Docker configuration says."
                + " Without SERVER it is Docker Hub.",
        footer = {"kelp login registry.example", "pass registry | kelp login -u me --password-stdin registry.example"})
public final class LoginCommand extends dev.kelp.cli.KelpCommand {
    private static final int PASSWORD_BYTES_MAX = 64 << 10;

    @Option(
            names = {"-u", "--username"},
            paramLabel = "NAME",
            description = "user name")
    @Nullable
    String username;

    @Option(
            names = {"-p", "--password"},
            paramLabel = "PASSWORD",
            description = "password (others may see it in ps)")
    @Nullable
    String password;

    @Option(names = "--password-stdin", description = "read the password from standard input")
    boolean passwordStdin;

    @Parameters(arity = "0..1", paramLabel = "SERVER")
    String server = "docker.io";

    @Override
    public int run(Invocation call) {
        ClientContext client = call.client();
        if (password != null && passwordStdin) {
            throw KelpException.invalid("--password and --password-stdin exclude each other");
        }
        if (passwordStdin && username == null) {
            throw KelpException.invalid("--password-stdin needs --username");
        }
        if (password != null) {
            call.err()
                    .append(client.programName())
                    .append(": warning: --password shows the password to others; use")
                    .append(" --password-stdin\n");
        }
        String user = username != null ? username : ask(client, "Username: ", true);
        String secret =
                passwordStdin ? fromStdin(client) : password != null ? password : ask(client, "Password: ", false);
        if (user.isEmpty() || secret.isEmpty()) {
            throw KelpException.invalid("user name and password must not be empty");
        }
        call.images()
                .login(new LoginOptions(server, user, secret, call.registry()), client)
                .forEach(line -> call.out().append(line).append('\n'));
        return 0;
    }

    private static String ask(ClientContext client, String text, boolean echo) {
        Optional<String> answer = client.prompt(text, echo);
        return answer.orElseThrow(() -> KelpException.invalid("there is no terminal to ask for credentials")
                        .withHint("use --username and --password-stdin"))
                .strip();
    }

    private static String fromStdin(ClientContext client) {
        try (InputStream in =
                client.in().orElseThrow(() -> KelpException.invalid("standard input is closed or a terminal"))) {
            byte[] bytes = in.readNBytes(PASSWORD_BYTES_MAX);
            return new String(bytes, StandardCharsets.UTF_8).replaceFirst("[\r\n]+$", "");
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot read the password: " + e.getMessage(), e);
        }
    }
}
