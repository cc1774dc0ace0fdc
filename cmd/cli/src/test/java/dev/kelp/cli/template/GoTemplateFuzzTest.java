// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.template;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kelp.model.KelpException;

class GoTemplateFuzzTest {
    /// Any text is a template or an error that says why; nothing else is thrown.
    @FuzzTest(maxDuration = "30s")
    void parsesOrSaysWhy(FuzzedDataProvider data) {
        try {
            GoTemplate.parse(data.consumeRemainingAsString()).execute(GoTemplateTest.data());
        } catch (KelpException e) {
            // said why
        }
    }
}
