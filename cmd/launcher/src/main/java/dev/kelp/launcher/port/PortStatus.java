// SPDX-License-Identifier: Apache-2.0
package dev.kelp.launcher.port;

/// A published port and the number under which it is removed.
public record PortStatus(long id, PortSpec spec) {}
