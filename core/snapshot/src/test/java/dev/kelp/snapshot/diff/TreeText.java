// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.diff;

import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Pipes;
import dev.kelp.linux.Stat;
import dev.kelp.linux.Xattrs;
import dev.kelp.model.Digest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;

/// A tree as text, one line for each name: kind, mode, owner, time, attributes, content, and the first name of the same
/// inode. Two trees are the same when their texts are.
final class TreeText {
    private final Map<String, String> lines = new TreeMap<>();
    private final Map<Long, String> first = new HashMap<>();

    private TreeText() {}

    static Map<String, String> of(Path root) throws IOException {
        TreeText text = new TreeText();
        try (Fd dir = Inodes.open(root.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            text.walk(dir, "");
        }
        return text.lines;
    }

    private void walk(Fd dir, String path) throws IOException {
        for (String name : Inodes.list(dir).stream().sorted().toList()) {
            String at = path + "/" + name;
            Stat s = Inodes.stat(dir, name, Inodes.AT_SYMLINK_NOFOLLOW);
            if (s.type() == Stat.S_IFSOCK) {
                continue;
            }
            StringBuilder line = new StringBuilder()
                    .append(Integer.toOctalString(s.mode()))
                    .append(' ' + Integer.toString(s.uid()) + ":" + s.gid() + " " + s.modifiedNanos() / 1_000_000_000L);
            String proc = dir.procPath() + "/" + name;
            for (String x : Xattrs.listNoFollow(proc).stream().sorted().toList()) {
                if (!x.startsWith("user.overlay.")) {
                    line.append(" " + x + "="
                            + HexFormat.of()
                                    .formatHex(Xattrs.getNoFollow(proc, x).orElseThrow()));
                }
            }
            if (s.isRegular()) {
                line.append(" size " + s.sizeBytes() + " " + content(dir, name));
            } else if (s.isSymlink()) {
                line.append(" -> " + Inodes.readlink(dir, name));
            }
            if (!s.isDirectory() && s.links() > 1) {
                line.append(" same as " + first.computeIfAbsent(s.inode(), i -> at));
            }
            lines.put(at, line.toString());
            if (s.isDirectory()) {
                try (Fd child = Inodes.open(dir, name, Inodes.O_RDONLY | Inodes.O_DIRECTORY, 0)) {
                    walk(child, at);
                }
            }
        }
    }

    private static Digest content(Fd dir, String name) throws IOException {
        try (var in = Pipes.input(Inodes.open(dir, name, Inodes.O_RDONLY, 0))) {
            return Digest.ofSha256(in.readAllBytes());
        }
    }
}
