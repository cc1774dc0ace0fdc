// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What wins when several say something of one thing.
final class GlobalFlagsTest {
    private static boolean isInsecure(String key, String value, String... typed) {
        GlobalFlags flags = new GlobalFlags();
        flags.parse(List.of(typed));
        flags.complete(Map.of(), Map.of(key, List.of(value)));
        return flags.insecureRegistry();
    }

    @Test
    void whatIsTypedOfRegistriesWinsOverTheSettings() {
        assertThat(isInsecure("insecure_registry", "true")).isTrue();
        assertThat(isInsecure("tls_verify", "false")).isTrue();
        assertThat(isInsecure("insecure_registry", "true", "--tls-verify=true")).isFalse();
        assertThat(isInsecure("tls_verify", "false", "--insecure-registry=false"))
                .isFalse();
        assertThat(isInsecure("tls_verify", "true", "--insecure-registry")).isTrue();
        assertThat(isInsecure("insecure_registry", "false", "--tls-verify=false"))
                .isTrue();
    }
}
