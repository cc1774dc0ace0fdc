// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.http;

import java.util.List;

/// How one registry host's certificate is checked and what this side shows: certificates and keys as PEM text.
///
/// @param caPem authorities trusted besides those every host is checked against
/// @param clients certificates to show when the server asks
/// @param skipVerify accepts any certificate for any name
public record Tls(List<String> caPem, List<ClientPair> clients, boolean skipVerify) {
    public static final Tls DEFAULT = new Tls(List.of(), List.of(), false);

    public Tls {
        caPem = List.copyOf(caPem);
        clients = List.copyOf(clients);
    }

    public Tls withSkipVerify() {
        return new Tls(caPem, clients, true);
    }

    /// What goes for another host that this one redirects to: the same trust, but not this side's identity.
    public Tls withoutClients() {
        return clients.isEmpty() ? this : new Tls(caPem, List.of(), skipVerify);
    }

    /// A certificate chain and its private key (PKCS #8, or PKCS #1 RSA).
    public record ClientPair(String certPem, String keyPem) {
        @Override
        public String toString() {
            return "ClientPair[…]";
        }
    }
}
