// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.apparmor;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.model.container.AppArmorProfile;
import picocli.CommandLine.Command;

@Command(
        name = "inspect",
        customSynopsis = "",
        description = {
            "Prints the profile kelp-default, which confines containers that name no other, where root has loaded it.",
            "Other profiles are files in /etc/apparmor.d."
        },
        footer = {"kelp apparmor inspect", "kelp apparmor inspect | sudo tee /etc/apparmor.d/kelp-default"})
public final class InspectCommand extends KelpCommand {
    @Override
    public int run(Invocation call) {
        call.out().print(AppArmorProfile.TEXT);
        return 0;
    }
}
