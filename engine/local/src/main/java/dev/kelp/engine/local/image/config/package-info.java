// SPDX-License-Identifier: Apache-2.0
/// Dockerfile instructions that change an image's configuration, as `commit --change` and `import --change` take them.
///
/// [ConfigChanges] applies them one after the other, [InstructionWords] splits and expands what follows the
/// instruction's name, as the Dockerfile reference says.
@NullMarked
package dev.kelp.engine.local.image.config;

import org.jspecify.annotations.NullMarked;
