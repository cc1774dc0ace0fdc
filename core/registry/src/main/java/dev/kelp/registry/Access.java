// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import dev.kelp.registry.auth.Credentials;
import dev.kelp.registry.hosts.HostsLookup;
import dev.kelp.registry.http.Cancellation;
import dev.kelp.registry.http.Proxies;

/// On whose behalf and by which ways registries are used.
///
/// @param insecure allows plain http and unchecked certificates for every host (`--insecure-registry`)
/// @param proxies on the way to every host, token servers among them
/// @param listener hears of transfers, from the threads that do them
public record Access(
        Credentials credentials,
        HostsLookup hosts,
        boolean insecure,
        Proxies proxies,
        Cancellation cancellation,
        TransferListener listener) {

    /// Nobody, with the built-in hosts.
    public static Access anonymous() {
        return new Access(
                Credentials.ANONYMOUS,
                HostsLookup.BUILT_IN,
                false,
                Proxies.NONE,
                new Cancellation(),
                TransferListener.NONE);
    }

    public Access withCredentials(Credentials c) {
        return new Access(c, hosts, insecure, proxies, cancellation, listener);
    }

    public Access withHosts(HostsLookup h) {
        return new Access(credentials, h, insecure, proxies, cancellation, listener);
    }

    public Access withInsecure(boolean allowed) {
        return new Access(credentials, hosts, allowed, proxies, cancellation, listener);
    }

    public Access withCancellation(Cancellation c) {
        return new Access(credentials, hosts, insecure, proxies, c, listener);
    }

    public Access withListener(TransferListener l) {
        return new Access(credentials, hosts, insecure, proxies, cancellation, l);
    }
}
