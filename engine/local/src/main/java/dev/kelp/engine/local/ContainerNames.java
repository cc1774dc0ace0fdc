// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Ids and names of containers: an id is 32 random bytes in hexadecimal, a made-up name the image's last path element
/// and the id's first five digits (`alpine-3f2a1`), as nerdctl does.
final class ContainerNames {
    static final int NAME_LENGTH_MAX = 253;
    static final int ATTEMPTS_MAX = 10;
    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]*");
    private static final Pattern ID = Pattern.compile("[0-9a-f]{64}");
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int SHORT_CHARS = 12;

    private ContainerNames() {}

    /// A fresh id: 64 hexadecimal digits.
    static String newId() {
        return newId(RANDOM);
    }

    /// The start of an id is the container's host name, and one of decimal digits alone is looked up as an address.
    static String newId(RandomGenerator random) {
        byte[] bytes = new byte[32];
        String id;
        do {
            random.nextBytes(bytes);
            id = HexFormat.of().formatHex(bytes);
        } while (id.substring(0, SHORT_CHARS).chars().allMatch(Character::isDigit));
        return id;
    }

    /// The name to use: `asked` when it is good, else one made of image and id.
    static String name(@Nullable String asked, @Nullable String image, String id) {
        if (asked != null) {
            check(asked);
            return asked;
        }
        String base = "kelp";
        if (image != null) {
            try {
                String path = Reference.parse(image).path();
                base = path.substring(path.lastIndexOf('/') + 1);
            } catch (KelpException e) {
                base = "image";
            }
        }
        return base + "-" + id.substring(0, 5);
    }

    /// Runs `attempt`, again when the name it made up was taken: among 2,000 names of five digits two are alike
    /// more often
    /// than not.
    ///
    /// @param asked the user's name, which is not changed when it is taken
    static <T> T untilFree(@Nullable String asked, Supplier<T> attempt) {
        for (int left = ATTEMPTS_MAX; ; left--) {
            try {
                return attempt.get();
            } catch (KelpException e) {
                if (asked != null || e.kind() != ErrorKind.ALREADY_EXISTS || left == 1) {
                    throw e;
                }
            }
        }
    }

    /// @throws KelpException INVALID_ARGUMENT when it is no name
    static void check(String name) {
        if (name.length() > NAME_LENGTH_MAX) {
            throw KelpException.invalid("container name `" + name.substring(0, 32) + "…` is longer than "
                    + NAME_LENGTH_MAX + " characters");
        }
        if (!NAME.matcher(name).matches()) {
            throw KelpException.invalid("container name `" + name + "` is not allowed")
                    .withHint("letters, digits, `_`, `.` and `-` make a name, and it begins with a letter or digit");
        }
        if (ID.matcher(name).matches()) {
            throw KelpException.invalid("container name `" + name + "` looks like a container id");
        }
    }
}
