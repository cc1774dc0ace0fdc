// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.ArrayDeque;
import java.util.Deque;

/// Paths of a tar, made relative to the root of the layer: `a/b`, without a slash at either end; the root is empty.
final class LayerPath {
    private LayerPath() {}

    /// Takes away slashes at the ends, empty and `.` components, and resolves `..` by the text alone.
    ///
    /// @throws KelpException INVALID_ARGUMENT for a path that leaves the root
    static String clean(String path) {
        if (isClean(path)) {
            return path;
        }
        Deque<String> parts = new ArrayDeque<>();
        for (String part : path.split("/", -1)) {
            if (part.equals("..")) {
                if (parts.isEmpty()) {
                    throw new KelpException(
                            ErrorKind.INVALID_ARGUMENT, "unpack layer: the path `" + path + "` leaves the root");
                }
                parts.removeLast();
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.addLast(part);
            }
        }
        return String.join("/", parts);
    }

    private static boolean isClean(String path) {
        int start = 0;
        while (true) {
            int slash = path.indexOf('/', start);
            int end = slash < 0 ? path.length() : slash;
            boolean dots = end - start <= 2 && path.startsWith(end - start == 2 ? ".." : ".", start);
            if (end == start || dots) {
                return false;
            }
            if (slash < 0) {
                return true;
            }
            start = slash + 1;
        }
    }

    /// The directory a path is in; the root's own is the root.
    static String parent(String path) {
        int slash = path.lastIndexOf('/');
        return slash < 0 ? "" : path.substring(0, slash);
    }

    static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    static String child(String directory, String name) {
        return directory.isEmpty() ? name : directory + "/" + name;
    }

    /// What a symbolic link in `directory` points to, seen from the root and never above it.
    static String linkTarget(String directory, String target) {
        Deque<String> parts = new ArrayDeque<>();
        for (String part : (target.startsWith("/") ? target : directory + "/" + target).split("/", -1)) {
            if (part.equals("..")) {
                parts.pollLast();
            } else if (!part.isEmpty() && !part.equals(".")) {
                parts.addLast(part);
            }
        }
        return String.join("/", parts);
    }
}
