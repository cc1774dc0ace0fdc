// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model;

/// One line of a user namespace's id map (user_namespaces(7)): ids `inside … inside+count-1` are `outside …` in the
/// parent.
public record IdMapping(long inside, long outside, long count) {
    public static final long ID_MAX = 4_294_967_294L;

    public IdMapping {
        if (inside < 0 || outside < 0 || count <= 0 || inside + count - 1 > ID_MAX || outside + count - 1 > ID_MAX) {
            throw KelpException.invalid("id mapping " + inside + ":" + outside + ":" + count + " is out of range");
        }
    }
}
