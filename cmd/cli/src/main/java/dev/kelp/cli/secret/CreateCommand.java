// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.secret;

import dev.kelp.cli.ClientContext;
import dev.kelp.cli.Invocation;
import dev.kelp.cli.flags.EnvFile;
import dev.kelp.engine.Secrets;
import dev.kelp.engine.Secrets.NewSecret;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
        name = "create",
        customSynopsis = "[OPTIONS] NAME FILE|-",
        description =
                "Keeps the content of a file, of standard input (-) or of a variable as a secret and prints its id."
                        + " Nothing shows it again but containers that are given it.",
        footer = {
            "kelp secret create db-password ./password.txt",
            "pass show db | kelp secret create db-password -",
            "kelp secret create --env db-password DB_PASSWORD",
            "kelp run --secret db-password,uid=999,mode=0400 postgres"
        })
public final class CreateCommand extends dev.kelp.cli.KelpCommand {
    @Option(names = "--env", description = "FILE is the name of a variable of yours")
    boolean env;

    @Option(
            names = {"-d", "--driver"},
            paramLabel = "DRIVER",
            description = "file is the one there is")
    String driver = "file";

    @Option(names = "--driver-opts", paramLabel = "KEY=VALUE", split = ",", description = "kept, without effect")
    List<String> options = new ArrayList<>();

    @Option(
            names = {"-l", "--label"},
            paramLabel = "KEY=VALUE",
            description = "a label")
    List<String> labels = new ArrayList<>();

    @Option(names = "--replace", description = "in the place of one of that name")
    boolean replace;

    @Parameters(index = "0", paramLabel = "NAME")
    String name = "";

    @Parameters(index = "1", paramLabel = "FILE|-")
    String file = "";

    @Override
    public int errorCode() {
        return 125;
    }

    @Override
    public int run(Invocation call) {
        NewSecret wanted = new NewSecret(
                name, driver, EnvFile.pairs("--driver-opts", options), EnvFile.pairs("--label", labels), replace);
        call.out()
                .append(call.namespace().secrets().create(wanted, data(call)).id())
                .append('\n');
        return 0;
    }

    private byte[] data(Invocation call) {
        if (env) {
            String value = call.client().variables().get(file);
            if (value == null) {
                throw KelpException.notFound(
                        "cannot create the secret " + name + ": the variable `" + file + "` is not set");
            }
            return value.getBytes(StandardCharsets.UTF_8);
        }
        try (InputStream in = open(call.client())) {
            // one more than there may be: the engine says that it is too much
            return in.readNBytes(Secrets.DATA_BYTES_MAX + 1);
        } catch (IOException e) {
            throw new KelpException(ErrorKind.INTERNAL, "cannot read the secret: " + e.getMessage(), e);
        }
    }

    private InputStream open(ClientContext client) {
        if (!file.equals("-")) {
            return Pipes.input(client.open(file, Inodes.O_RDONLY, 0));
        }
        return client.in()
                .orElseThrow(() -> KelpException.invalid(
                                client.inputIsTerminal() ? "standard input is a terminal" : "standard input is closed")
                        .withHint("name a file or use a pipe"));
    }
}
