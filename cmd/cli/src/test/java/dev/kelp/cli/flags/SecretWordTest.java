// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.flags;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import dev.kelp.model.container.SecretUse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The word after `--secret`.
final class SecretWordTest {
    @Test
    void aFileBelowRunSecretsUnlessToldOtherwise() {
        assertThat(SecretWord.parse("key")).isEqualTo(new SecretUse("key", false, "/run/secrets/key", 0, 0, 0444));
        assertThat(SecretWord.parse("source=key,target=a/b,uid=1,gid=2,mode=0600"))
                .isEqualTo(new SecretUse("key", false, "/run/secrets/a/b", 1, 2, 0600));
        assertThat(SecretWord.parse("key,type=mount,target=/etc/key").target()).isEqualTo("/etc/key");
    }

    @Test
    void aVariable() {
        assertThat(SecretWord.parse("key,type=env")).isEqualTo(new SecretUse("key", true, "key", 0, 0, 0));
        assertThat(SecretWord.parse("key,type=env,target=TOKEN").target()).isEqualTo("TOKEN");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ",",
                "type=env",
                "key,",
                "key,type=",
                "key,type=x",
                "key,mode=8",
                "key,mode=01000",
                "key,uid=-1",
                "key,uid=9999999999",
                "key,type=env,mode=444",
                "key,type=env,target=a=b",
                "key,other=1",
                "key,ro"
            })
    void whatIsWrongIsRefused(String word) {
        assertThatThrownBy(() -> SecretWord.parse(word))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining("--secret");
    }
}
