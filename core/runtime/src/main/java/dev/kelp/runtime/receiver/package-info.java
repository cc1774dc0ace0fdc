// SPDX-License-Identifier: Apache-2.0
/// Where containers' output is sent on to: systemd's journal by its native protocol, syslog daemons (RFC 3164 and 5424,
/// by datagrams, streams and TLS), fluentd's forward protocol, and programs as containerd starts them. Options are
/// Docker's.
///
/// A [LogReceiver] is one connection. It takes batches; one that failed is sent again by the next connection, so at
/// most
/// the last batch arrives twice. [LogReceivers] knows the drivers. They block: platform threads only.
@NullMarked
package dev.kelp.runtime.receiver;

import org.jspecify.annotations.NullMarked;
