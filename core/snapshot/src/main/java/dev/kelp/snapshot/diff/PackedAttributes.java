// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.diff;

import dev.kelp.linux.Errno;
import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Xattrs;
import dev.kelp.snapshot.layer.Whiteouts;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// The extended attributes that go into an archive: users' own, capabilities and access lists. What overlayfs keeps in
/// them, and labels of the host's security modules, are this machine's business.
final class PackedAttributes {
    private static final String CAPABILITY = "security.capability";
    private static final int CAPABILITY_V2_BYTES = 20;
    private static final int CAPABILITY_V3_BYTES = 24;

    private PackedAttributes() {}

    /// Of a name in a directory, in the order of the attributes' names; a symbolic link's own.
    static Map<String, byte[]> of(Fd dir, String name) throws ErrnoException {
        String path = dir.procPath() + "/" + name;
        Map<String, byte[]> found = new TreeMap<>();
        try {
            for (String attribute : Xattrs.listNoFollow(path)) {
                if (isPacked(attribute)) {
                    Optional<byte[]> value = Xattrs.getNoFollow(path, attribute);
                    value.ifPresent(v -> found.put(attribute, portable(attribute, v)));
                }
            }
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
        return found;
    }

    private static boolean isPacked(String name) {
        return (name.startsWith("user.") && !name.startsWith(Whiteouts.XATTR_PREFIX))
                || name.equals(CAPABILITY)
                || name.startsWith("system.posix_acl_");
    }

    /// Revision 3 of the capabilities holds the root id of a namespace of this machine (capabilities(7)).
    private static byte[] portable(String name, byte[] value) {
        if (!name.equals(CAPABILITY) || value.length != CAPABILITY_V3_BYTES || value[3] != 3) {
            return value;
        }
        byte[] v2 = Arrays.copyOf(value, CAPABILITY_V2_BYTES);
        v2[3] = 2;
        return v2;
    }
}
