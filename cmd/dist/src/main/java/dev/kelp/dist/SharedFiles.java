// SPDX-License-Identifier: Apache-2.0
package dev.kelp.dist;

import dev.kelp.cli.shell.Manual;
import dev.kelp.model.container.AppArmorProfile;
import dev.kelp.setup.check.ProgramProfile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// What a release brings besides the program, in a folder with the layout of `/usr/share`.
final class SharedFiles {
    private SharedFiles() {}

    static void write(Path share, String version) throws IOException {
        ManualPage.writeAll(share.resolve("man/man1"), version);
        text(share.resolve("bash-completion/completions/kelp"), Manual.completion("bash"));
        text(share.resolve("zsh/vendor-completions/_kelp"), Manual.completion("zsh"));
        text(share.resolve("fish/vendor_completions.d/kelp.fish"), Manual.completion("fish"));
        ProgramProfile profile = new ProgramProfile(ProgramProfile.PACKAGED);
        text(share.resolve("kelp/apparmor").resolve(profile.fileName()), profile.text());
        text(share.resolve("kelp/apparmor").resolve(AppArmorProfile.DEFAULT), AppArmorProfile.TEXT);
    }

    private static void text(Path file, String text) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }
}
