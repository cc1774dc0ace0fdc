// SPDX-License-Identifier: Apache-2.0
/// The command line: picocli commands over the engine's contract, run against a client context.
module dev.kelp.cli {
    requires transitive dev.kelp.engine;
    requires info.picocli;
    requires tools.jackson.dataformat.toml;

    exports dev.kelp.cli;
    exports dev.kelp.cli.shell;

    opens dev.kelp.cli to
            info.picocli;
    opens dev.kelp.cli.apparmor to
            info.picocli;
    opens dev.kelp.cli.container to
            info.picocli;
    opens dev.kelp.cli.checkpoint to
            info.picocli;
    opens dev.kelp.cli.context to
            info.picocli;
    opens dev.kelp.cli.flags to
            info.picocli;
    opens dev.kelp.cli.format to
            info.picocli;
    opens dev.kelp.cli.image to
            info.picocli;
    opens dev.kelp.cli.namespace to
            info.picocli;
    opens dev.kelp.cli.network to
            info.picocli;
    opens dev.kelp.cli.secret to
            info.picocli;
    opens dev.kelp.cli.system to
            info.picocli;
    opens dev.kelp.cli.volume to
            info.picocli;
}
