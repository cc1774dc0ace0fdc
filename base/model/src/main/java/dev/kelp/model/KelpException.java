// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The one exception of the engine. The message says what was tried, on what, and why it failed: lower case, no
/// full stop, with the path, digest or id. What the user can do about it is the hint, given only when the cause is
/// known.
public final class KelpException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorKind kind;
    private final @Nullable String hint;

    public KelpException(ErrorKind kind, String message) {
        this(kind, message, null, null);
    }

    public KelpException(ErrorKind kind, String message, @Nullable Throwable cause) {
        this(kind, message, null, cause);
    }

    private KelpException(ErrorKind kind, String message, @Nullable String hint, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.hint = hint;
    }

    public static KelpException notFound(String message) {
        return new KelpException(ErrorKind.NOT_FOUND, message);
    }

    public static KelpException invalid(String message) {
        return new KelpException(ErrorKind.INVALID_ARGUMENT, message);
    }

    /// The same failure with advice for the user.
    public KelpException withHint(String advice) {
        KelpException e = new KelpException(kind, String.valueOf(getMessage()), advice, getCause());
        e.setStackTrace(getStackTrace());
        for (Throwable s : getSuppressed()) {
            e.addSuppressed(s);
        }
        return e;
    }

    /// The same failure, said from further away: `context: message`.
    public KelpException within(String context) {
        KelpException e = new KelpException(kind, context + ": " + getMessage(), hint, this);
        for (Throwable s : getSuppressed()) {
            e.addSuppressed(s);
        }
        return e;
    }

    public ErrorKind kind() {
        return kind;
    }

    public Optional<String> hint() {
        return Optional.ofNullable(hint);
    }
}
