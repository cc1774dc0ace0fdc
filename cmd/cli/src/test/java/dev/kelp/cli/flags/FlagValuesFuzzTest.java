// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kelp.model.KelpException;
import java.util.List;

class FlagValuesFuzzTest {
    /// Any words are values or an error that says why.
    @FuzzTest(maxDuration = "20s")
    void volumes(FuzzedDataProvider data) {
        String s = data.consumeRemainingAsString();
        attempt(() -> Volumes.volume(s));
        attempt(() -> Volumes.mount(s));
        attempt(() -> Volumes.tmpfs(s));
    }

    @FuzzTest(maxDuration = "20s")
    void envFiles(FuzzedDataProvider data) {
        String s = data.consumeRemainingAsString();
        attempt(() -> EnvFile.parse(s, "file"));
        attempt(() -> EnvFile.pairs("--label", List.of(s)));
        attempt(() -> Ulimits.parse(List.of(s)));
        attempt(() -> ByteSize.parse("--memory", s));
    }

    private static void attempt(Runnable parser) {
        try {
            parser.run();
        } catch (KelpException e) {
            // said why
        }
    }
}
