// SPDX-License-Identifier: Apache-2.0
/// The command line: picocli commands over the engine's contract, run against a client context.
module dev.kelp.cli {
    requires transitive dev.kelp.engine;
    requires info.picocli;

    exports dev.kelp.cli;
}
