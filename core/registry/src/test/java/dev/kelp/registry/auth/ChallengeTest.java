// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.auth;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ChallengeTest {
    @Test
    void bearerWithScopeContainingCommas() {
        assertThat(Challenge.parse(List.of("Bearer realm=\"https://auth.example/token\",service=\"reg\","
                        + "scope=\"repository:a/b:pull,push\"")))
                .containsExactly(new Challenge(
                        "bearer",
                        Map.of(
                                "realm", "https://auth.example/token",
                                "service", "reg",
                                "scope", "repository:a/b:pull,push")));
    }

    @Test
    void severalChallengesInOneLineAndInTwo() {
        Challenge basic = new Challenge("basic", Map.of("realm", "x y"));
        Challenge bearer = new Challenge("bearer", Map.of("realm", "https://t"));
        assertThat(Challenge.parse(List.of("Basic realm=\"x y\", Bearer realm=https://t")))
                .containsExactly(basic, bearer);
        assertThat(Challenge.parse(List.of("BASIC Realm=\"x y\"", "bearer  realm = \"https://t\"")))
                .containsExactly(basic, bearer);
    }

    @Test
    void quotedPairsAndRubbish() {
        assertThat(Challenge.parse(List.of("Basic realm=\"a\\\"b\"")).getFirst().parameter("realm"))
                .contains("a\"b");
        assertThat(Challenge.parse(List.of("", ",,,", "=", "\"", "Basic realm=\"unterminated", "x".repeat(9_000))))
                .extracting(Challenge::scheme)
                .containsExactly("basic");
        assertThat(Challenge.parse(List.of("a ".repeat(4_000)))).hasSize(16);
    }

    @FuzzTest(maxDuration = "30s")
    void neverFails(FuzzedDataProvider data) {
        for (Challenge c : Challenge.parse(List.of(data.consumeString(200), data.consumeRemainingAsString()))) {
            if (c.scheme().isEmpty()) {
                throw new AssertionError("a challenge without a scheme");
            }
        }
    }
}
