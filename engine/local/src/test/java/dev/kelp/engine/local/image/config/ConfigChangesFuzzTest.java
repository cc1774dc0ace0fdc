// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image.config;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.oci.ImageConfig.Execution;
import java.util.List;

final class ConfigChangesFuzzTest {
    /// Any instruction is applied or refused as the user's mistake.
    @FuzzTest
    void appliedOrRefused(FuzzedDataProvider data) {
        try {
            ConfigChanges.apply(Execution.EMPTY, List.of(data.consumeRemainingAsString()));
        } catch (KelpException e) {
            if (e.kind() != ErrorKind.INVALID_ARGUMENT) {
                throw e;
            }
        }
    }
}
