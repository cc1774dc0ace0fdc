// SPDX-License-Identifier: Apache-2.0
/// What networks are made of: [Subnet], [NetworkDefinition] and [PortMapping], independent of who makes them. Stored as
/// JSON; fields are only ever added.
@NullMarked
package dev.kelp.model.network;

import org.jspecify.annotations.NullMarked;
