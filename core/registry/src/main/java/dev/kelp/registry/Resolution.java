// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry;

import dev.kelp.model.Reference;

/// What a reference stands for at this moment.
///
/// @param host the host that answered: a mirror's or the registry's own, as `host[:port]`
public record Resolution(Reference reference, Document document, String host) {}
