// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.manifest;

import dev.kelp.cli.Invocation;
import dev.kelp.engine.Images.RegistryOptions;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `--insecure`, which these commands have besides the global `--insecure-registry`.
@Command
final class RegistryFlag {
    @Option(names = "--insecure", description = "accept plain http and certificates that do not verify")
    boolean insecure;

    RegistryOptions options(Invocation call) {
        RegistryOptions global = call.registry();
        return new RegistryOptions(global.insecure() || insecure, global.hostsDirs());
    }
}
