// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.io.IOException;

/// A system call that failed: which, on what, and errno. Checked, so that the caller says what was meant.
public final class ErrnoException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    public ErrnoException(String call, int errno, String subject) {
        super(call + " `" + subject + "`: " + Errno.text(errno) + " (" + Errno.name(errno) + ")");
        this.errno = errno;
    }

    public int errno() {
        return errno;
    }

    public boolean is(int value) {
        return errno == value;
    }

    /// The engine's error for this: `what: call subject: reason`, with the kind that errno suggests.
    public KelpException toKelp(String what) {
        return new KelpException(kind(errno), what + ": " + getMessage(), this);
    }

    private static ErrorKind kind(int errno) {
        return switch (errno) {
            case Errno.ENOENT, Errno.ENOTDIR, Errno.ESRCH -> ErrorKind.NOT_FOUND;
            case Errno.EEXIST, Errno.ENOTEMPTY -> ErrorKind.ALREADY_EXISTS;
            case Errno.EACCES, Errno.EPERM, Errno.EROFS -> ErrorKind.PERMISSION_DENIED;
            case Errno.ENOSPC, Errno.EDQUOT, Errno.EMFILE, Errno.ENFILE, Errno.ENOMEM -> ErrorKind.RESOURCE_EXHAUSTED;
            case Errno.EINVAL, Errno.ENAMETOOLONG, Errno.ELOOP -> ErrorKind.INVALID_ARGUMENT;
            case Errno.EBUSY -> ErrorKind.FAILED_PRECONDITION;
            case Errno.ENOSYS, Errno.ENOTSUP -> ErrorKind.UNSUPPORTED;
            default -> ErrorKind.INTERNAL;
        };
    }
}
