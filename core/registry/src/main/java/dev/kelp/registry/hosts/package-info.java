// SPDX-License-Identifier: Apache-2.0
/// Which hosts serve a registry's name, and how they are reached: containerd's `certs.d`.
///
/// For a name such as `docker.io`, [HostsLookup] walks the configuration folders it was given and reads the first
/// `hosts.toml` it finds in `HOST_PORT_`, `HOST_PORT`, `HOST:PORT` or `_default`. The answer is a list of
/// [RegistryHost]s in the order to try: mirrors as the file lists them, then the server itself. Without a
/// `hosts.toml`, Docker's layout (`ca.crt`, `client.cert`, `client.key` in the same folder) is honoured.
///
/// No file is opened here: the bytes come through [ConfigFiles], because the files are the user's and the daemon
/// must not open paths a user named.
///
/// Not done: `hosts.toml` files are not watched; each command reads them anew.
@NullMarked
package dev.kelp.registry.hosts;

import org.jspecify.annotations.NullMarked;
