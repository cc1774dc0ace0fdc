// SPDX-License-Identifier: Apache-2.0
/// `kelp namespace …`: sets of images, containers and volumes with names of their own.
@NullMarked
package dev.kelp.cli.namespace;

import org.jspecify.annotations.NullMarked;
