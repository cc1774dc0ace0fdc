// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.apparmor;

import dev.kelp.cli.Invocation;
import dev.kelp.cli.KelpCommand;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.AppArmorProfile;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "unload",
        customSynopsis = "[PROFILE]",
        description = {
            "As root: takes a profile out of the kernel, kelp-default when none is named.",
            "What runs in it is unconfined from then on."
        },
        footer = {"kelp apparmor unload     as root", "kelp apparmor unload nerdctl-default"})
public final class UnloadCommand extends KelpCommand {
    @Parameters(arity = "0..1", paramLabel = "PROFILE")
    String profile = AppArmorProfile.DEFAULT;

    @Override
    public int run(Invocation call) {
        if (Loaded.all(call).stream().noneMatch(p -> p.name().equals(profile))) {
            throw KelpException.notFound("unload the AppArmor profile `" + profile + "`: no such profile is loaded");
        }
        Loaded.change(
                call,
                "unload the AppArmor profile " + profile,
                List.of("sh", "-c", "printf %s \"$1\" >" + Loaded.FOLDER + "/.remove", "sh", profile),
                new byte[0]);
        return 0;
    }
}
