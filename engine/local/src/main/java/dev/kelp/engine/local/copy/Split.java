// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.copy;

/// A path as Docker's rules look at it.
///
/// @param folder all but the last part, `.` or `/` when there is nothing else
/// @param name the last part; `.` for a path that names a folder only
/// @param isFolder it ends in a slash or a dot, so it can only be a folder
/// @param contentsOnly it ends in `/.`: what is in the folder is meant
record Split(String path, String folder, String name, boolean isFolder, boolean contentsOnly) {
    static Split of(String path) {
        String given = path.isEmpty() ? "." : path;
        boolean contents = given.equals(".") || given.endsWith("/.");
        boolean folder = contents || given.endsWith("/") || given.equals("..") || given.endsWith("/..");
        String bare = given;
        while (bare.length() > 1 && (bare.endsWith("/") || bare.endsWith("/."))) {
            bare = bare.substring(0, bare.length() - 1);
        }
        int slash = bare.lastIndexOf('/');
        String name = bare.substring(slash + 1);
        boolean nameless = name.isEmpty() || name.equals(".") || name.equals("..");
        return new Split(
                given,
                nameless ? bare : slash < 0 ? "." : slash == 0 ? "/" : bare.substring(0, slash),
                nameless ? "." : name,
                folder,
                contents);
    }

    /// What it is called inside a folder it is copied to.
    String archiveName() {
        return name.equals(".") ? "" : name;
    }
}
