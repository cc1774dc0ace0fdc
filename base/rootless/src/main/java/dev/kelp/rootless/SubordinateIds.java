// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rootless;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The ranges of subordinate ids a user was given in /etc/subuid or /etc/subgid (subuid(5)). What holds for this
/// daemon's namespace is in [Instance]; this is for advice and for `check`.
public final class SubordinateIds {
    /// A longer file is not read to its end.
    public static final int FILE_BYTES_MAX = 1 << 20;

    private SubordinateIds() {}

    /// One line: ids `first … first+count-1` of the host.
    public record Range(long first, long count) {}

    /// The ranges for a user named or numbered so; a line that does not parse is skipped, as shadow does.
    public static List<Range> read(Path file, String user, long uid) throws IOException {
        String text;
        try (var in = Files.newInputStream(file)) {
            text = new String(in.readNBytes(FILE_BYTES_MAX), StandardCharsets.UTF_8);
        }
        return parse(text, user, uid);
    }

    /// The same of the text of such a file.
    public static List<Range> parse(String text, String user, long uid) {
        List<Range> ranges = new ArrayList<>();
        for (String line : text.split("\n")) {
            String[] f = line.trim().split(":", -1);
            if (f.length != 3 || (!f[0].equals(user) && !f[0].equals(Long.toString(uid)))) {
                continue;
            }
            long first = number(f[1]);
            long count = number(f[2]);
            if (first >= 0 && count > 0) {
                ranges.add(new Range(first, count));
            }
        }
        return List.copyOf(ranges);
    }

    private static long number(String digits) {
        if (digits.isEmpty() || digits.length() > 10 || !digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return -1;
        }
        return Long.parseLong(digits);
    }
}
