// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.container;

/// A secret that a container gets: as a file, or as a variable of its environment.
///
/// @param name the secret's name or id
/// @param variable whether it is a variable, else a file
/// @param target the variable's name, or the file's absolute path
/// @param uid the file's owner in the container
/// @param gid its group in the container
/// @param mode its permissions
public record SecretUse(String name, boolean variable, String target, long uid, long gid, int mode) {
    /// Where files go whose target is no absolute path.
    public static final String FOLDER = "/run/secrets";

    public static final int MODE_DEFAULT = 0444;
}
