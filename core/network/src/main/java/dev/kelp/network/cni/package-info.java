// SPDX-License-Identifier: Apache-2.0
/// Networks that the plugins of the Container Network Interface make (the CNI specification, 0.1.0 to 1.1.0,
/// https://www.cni.dev/docs/spec/). A [NetworkList] is what the user configured, [CniPlugins] runs its plugins one
/// after
/// the other, and [CniResult] is what they say a container has got.
///
/// The plugins run as the holder's children inside the detached namespace, where they have the rights of root: the
/// bridges that they make are beside Kelp's own.
@NullMarked
package dev.kelp.network.cni;

import org.jspecify.annotations.NullMarked;
