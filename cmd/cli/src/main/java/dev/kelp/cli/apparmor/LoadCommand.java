// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.apparmor;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.model.container.AppArmorProfile;
import java.nio.charset.StandardCharsets;
import java.util.List;
import picocli.CommandLine.Command;

@Command(
        name = "load",
        customSynopsis = "",
        description = {
            "As root: loads the profile kelp-default. Containers of every user that start from then on are confined by"
                    + " it.",
            "It stays until the machine restarts; `sudo kelp setup apparmor` installs it for good."
        },
        footer = "kelp apparmor load     as root")
public final class LoadCommand extends KelpCommand {
    @Override
    public int run(Invocation call) {
        Loaded.change(
                call,
                "load the AppArmor profile " + AppArmorProfile.DEFAULT,
                List.of("apparmor_parser", "-K", "-r"),
                AppArmorProfile.TEXT.getBytes(StandardCharsets.UTF_8));
        return 0;
    }
}
