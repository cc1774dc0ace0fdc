// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.Changes;
import dev.kelp.engine.Containers;
import dev.kelp.engine.EngineNamespace;
import dev.kelp.engine.Events;
import dev.kelp.engine.Images;
import dev.kelp.engine.ManifestLists;
import dev.kelp.engine.Networks;
import dev.kelp.engine.Secrets;
import dev.kelp.engine.Volumes;

/// One namespace of a [LocalEngine].
record LocalNamespace(
        String name,
        Images images,
        Containers containers,
        ManifestLists manifestLists,
        Changes changes,
        Volumes volumes,
        Networks networks,
        Events events,
        Secrets secrets)
        implements EngineNamespace {}
