// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.OciJson;
import dev.kelp.registry.http.HttpLimits;
import dev.kelp.registry.http.Reply;
import dev.kelp.registry.http.Retries;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import javax.net.ssl.SSLException;
import tools.jackson.databind.JsonNode;

/// Says in one sentence what went wrong with a registry.
final class RegistryErrors {
    private static final int BODY_BYTES_MAX = 64 << 10;
    private static final int TEXT_LENGTH_MAX = 300;

    private RegistryErrors() {}

    /// An answer with a status nobody hoped for; closes it.
    ///
    /// @param what what was tried, on what
    static KelpException of(Reply reply, String what, HttpLimits limits) {
        String said;
        try (reply) {
            said = message(reply.body().readUpTo(BODY_BYTES_MAX, limits.stallTimeout()));
        } catch (IOException e) {
            said = "";
        }
        int status = reply.status();
        KelpException e =
                new KelpException(kind(status), what + ": " + meaning(status) + (said.isEmpty() ? "" : ": " + said));
        return switch (status) {
            case 401 -> e.withHint("the repository does not exist, or needs a login with other rights");
            case 403 -> e.withHint("this user may not do that in this repository, or it does not exist");
            case 429 ->
                e.withHint("the registry limits requests"
                        + Retries.retryAfter(reply)
                                .map(d -> "; try again in " + d.toSeconds() + " s")
                                .orElse("; try again later")
                        + ", or log in for a higher limit");
            default -> e;
        };
    }

    private static ErrorKind kind(int status) {
        return switch (status) {
            case 401, 407 -> ErrorKind.UNAUTHENTICATED;
            case 403 -> ErrorKind.PERMISSION_DENIED;
            case 404, 410 -> ErrorKind.NOT_FOUND;
            case 405, 415, 501 -> ErrorKind.UNSUPPORTED;
            case 409, 412 -> ErrorKind.CONFLICT;
            case 413, 429, 507 -> ErrorKind.RESOURCE_EXHAUSTED;
            case 408, 425 -> ErrorKind.UNAVAILABLE;
            default -> status >= 400 && status < 500 ? ErrorKind.FAILED_PRECONDITION : ErrorKind.UNAVAILABLE;
        };
    }

    private static String meaning(int status) {
        return switch (status) {
            case 401 -> "not authorised";
            case 403 -> "access denied";
            case 404 -> "not found";
            case 429 -> "too many requests";
            default -> "status " + status;
        };
    }

    /// The messages of the specification's error document, else the beginning of whatever text it is.
    static String message(byte[] body) {
        String text = new String(body, java.nio.charset.StandardCharsets.UTF_8);
        if (!text.stripLeading().startsWith("{") || body.length > BODY_BYTES_MAX) {
            return text.stripLeading().startsWith("<") ? "" : printable(text, TEXT_LENGTH_MAX);
        }
        try {
            JsonNode tree = OciJson.tree(body, "error");
            StringBuilder all = new StringBuilder();
            for (JsonNode error : tree.path("errors")) {
                String message = error.path("message").asString("");
                String one = message.isEmpty() ? error.path("code").asString("") : message;
                all.append(all.isEmpty() || one.isEmpty() ? "" : "; ").append(one);
                if (all.length() > TEXT_LENGTH_MAX) {
                    break;
                }
            }
            return printable(all.toString(), TEXT_LENGTH_MAX);
        } catch (KelpException e) {
            return "";
        }
    }

    /// Text from outside, safe to show on a terminal.
    static String printable(String text, int lengthMax) {
        String clean = text.strip()
                .replaceAll("[\\p{Cntrl}\\u0080-\\u009f\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069]+", " ");
        return clean.length() > lengthMax ? clean.substring(0, lengthMax) + "…" : clean;
    }

    /// No answer at all.
    static KelpException unreachable(String what, IOException e) {
        for (Throwable t = e; t != null; t = t.getCause()) {
            if (t instanceof UnknownHostException || t instanceof UnresolvedAddressException) {
                return new KelpException(ErrorKind.UNAVAILABLE, what + ": the host name is not known", e)
                        .withHint("check the registry's name and this machine's DNS");
            }
            if (t instanceof SSLException ssl) {
                return tls(what, ssl);
            }
        }
        if (e instanceof ConnectException) {
            // the JDK's client does not say which
            String why = e.getMessage() == null ? "refused, or the host cannot be reached" : text(e);
            return new KelpException(ErrorKind.UNAVAILABLE, what + ": cannot connect: " + why, e);
        }
        return new KelpException(ErrorKind.UNAVAILABLE, what + ": " + text(e), e);
    }

    private static KelpException tls(String what, SSLException e) {
        KelpException error = new KelpException(ErrorKind.UNAVAILABLE, what + ": " + text(e), e);
        String message = String.valueOf(e.getMessage());
        if (message.contains("unrecognized SSL message") || message.contains("plaintext")) {
            return error.withHint("the registry seems to speak plain http; --insecure-registry allows that");
        }
        if (message.contains("PKIX") || message.contains("certificate")) {
            return error.withHint("name its authority as `ca` in certs.d/HOST/hosts.toml, or use --insecure-registry");
        }
        return error;
    }

    private static String text(Throwable e) {
        String message = e.getMessage();
        return message == null ? e.getClass().getSimpleName() : printable(message, TEXT_LENGTH_MAX);
    }
}
