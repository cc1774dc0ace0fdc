// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.runtime.spec.SeccompProfile.Rule;
import java.util.List;
import org.junit.jupiter.api.Test;

class SocketRulesTest {
    private static List<Rule> rules(SeccompProfile p, String call) {
        return p.syscalls().stream().filter(r -> r.names().contains(call)).toList();
    }

    private static SeccompProfile asking() {
        return SocketRules.asking(DefaultSeccomp.profile(Capability.DEFAULT, Architecture.host()));
    }

    @Test
    void socketsAreAskedAbout() {
        for (String call : List.of("connect", "bind", "listen")) {
            assertThat(rules(asking(), call)).extracting(Rule::action).containsExactly("SCMP_ACT_NOTIFY");
        }
    }

    @Test
    void otherWaysToConnectAreClosed() {
        assertThat(rules(asking(), "socketcall")).extracting(Rule::action).containsExactly("SCMP_ACT_ERRNO");
        assertThat(rules(asking(), "io_uring_setup")).extracting(Rule::action).containsExactly("SCMP_ACT_ERRNO");
        for (String call : List.of("sendto", "sendmsg", "sendmmsg")) {
            assertThat(rules(asking(), call))
                    .allMatch(r -> r.args().size() == 1)
                    .extracting(Rule::action)
                    .containsExactly("SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO");
        }
    }

    @Test
    void whatAProfileForbidsStaysForbidden() {
        SeccompProfile own = new SeccompProfile(
                SeccompProfile.ERRNO, 1, List.of(), List.of(), List.of(Rule.allow(List.of("read", "bind"))));
        SeccompProfile asking = SocketRules.asking(own);
        assertThat(rules(asking, "connect")).isEmpty();
        assertThat(rules(asking, "bind")).extracting(Rule::action).containsExactly("SCMP_ACT_NOTIFY");
        assertThat(rules(asking, "read")).extracting(Rule::action).containsExactly("SCMP_ACT_ALLOW");
    }

    @Test
    void withoutAProfileOnlySocketsAreAskedAbout() {
        SeccompProfile asking = SocketRules.asking(null);
        assertThat(asking.defaultAction()).isEqualTo("SCMP_ACT_ALLOW");
        assertThat(rules(asking, "connect")).extracting(Rule::action).containsExactly("SCMP_ACT_NOTIFY");
        assertThat(rules(asking, "mount")).isEmpty();
    }
}
