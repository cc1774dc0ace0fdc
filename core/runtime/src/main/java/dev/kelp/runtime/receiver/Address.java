// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.receiver;

import dev.kelp.model.KelpException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Where a receiver listens: `tcp://HOST[:PORT]`, `unix://PATH` and so on.
///
/// @param host host name, or the path of a socket
/// @param port 0 with a path
record Address(String scheme, String host, int port) {
    private static final Pattern HOST_PORT =
            Pattern.compile("(\\[[0-9A-Fa-f:.%a-z]+\\]|[A-Za-z0-9._-]+)?(?::([0-9]{1,5}))?");

    static Address parse(String text, List<String> schemes, int portDefault) {
        int colon = text.indexOf("://");
        String scheme = colon < 0 ? "tcp" : text.substring(0, colon);
        String rest = colon < 0 ? text : text.substring(colon + 3);
        if (!schemes.contains(scheme)) {
            throw KelpException.invalid(
                    "invalid address `" + text + "`: it begins with none of " + String.join("://, ", schemes) + "://");
        }
        if (scheme.startsWith("unix")) {
            if (!rest.startsWith("/")) {
                throw KelpException.invalid("invalid address `" + text + "`: the socket's path is not absolute");
            }
            return new Address(scheme, rest, 0);
        }
        Matcher m = HOST_PORT.matcher(rest);
        int port = m.matches() && m.group(2) != null ? Integer.parseInt(m.group(2)) : portDefault;
        if (!m.matches() || port == 0 || port > 65_535) {
            throw KelpException.invalid("invalid address `" + text + "`: expected HOST[:PORT]");
        }
        String host = m.group(1) == null ? "127.0.0.1" : m.group(1);
        return new Address(scheme, host.startsWith("[") ? host.substring(1, host.length() - 1) : host, port);
    }

    @Override
    public String toString() {
        return scheme + "://" + host + (port == 0 ? "" : ":" + port);
    }
}
