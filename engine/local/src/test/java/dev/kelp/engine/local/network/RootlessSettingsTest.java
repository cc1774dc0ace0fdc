// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import dev.kelp.network.BridgedWayOut;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RootlessSettingsTest {
    @ParameterizedTest
    @CsvSource({
        ",,65520",
        "slirp4netns,,65520",
        "pasta,,65520",
        "slirp4netns,1400,1400",
        "vpnkit,,1500",
        "vpnkit,9000,9000"
    })
    void networksHaveTheDriversMtu(String net, String mtu, int expected) {
        Map<String, String> variables = new HashMap<>();
        if (net != null) {
            variables.put("CONTAINERD_ROOTLESS_ROOTLESSKIT_NET", net);
        }
        if (mtu != null) {
            variables.put("CONTAINERD_ROOTLESS_ROOTLESSKIT_MTU", mtu);
        }
        assertThat(read(variables).mtu()).isEqualTo(expected);
    }

    @Test
    void theDefaultsKeepTheHostsLoopbackClosedAndTheDriverConfined() {
        RootlessSettings settings = read(Map.of("PATH", "/bin", "CONTAINERD_ADDRESS", "/x"));
        assertThat(settings.driver()).isEmpty();
        assertThat(settings.hasWayOut()).isTrue();
        assertThat(settings.options().mtu()).isZero();
        assertThat(settings.options().hostLoopback()).isFalse();
        assertThat(settings.options().sandbox()).isTrue();
        assertThat(settings.options().special().seccomp()).isTrue();
        assertThat(settings.options().ipv6()).isFalse();
        assertThat(settings.remarks()).isEmpty();
        assertThat(settings.stateFolder()).isEmpty();
        assertThat(RootlessSettings.of(Map.of(), true).options().ipv6()).isTrue();
    }

    @Test
    void everyVariableIsRead() {
        RootlessSettings settings = read(Map.of(
                "CONTAINERD_ROOTLESS_ROOTLESSKIT_STATE_DIR", "/run/user/1000/containerd-rootless",
                "CONTAINERD_ROOTLESS_ROOTLESSKIT_NET", "pasta",
                "CONTAINERD_ROOTLESS_ROOTLESSKIT_MTU", "1400",
                "CONTAINERD_ROOTLESS_ROOTLESSKIT_IPV6", "true",
                "CONTAINERD_ROOTLESS_ROOTLESSKIT_SLIRP4NETNS_SANDBOX", "false",
                "CONTAINERD_ROOTLESS_ROOTLESSKIT_SLIRP4NETNS_SECCOMP", "0",
                "CONTAINERD_ROOTLESS_ROOTLESSKIT_DISABLE_HOST_LOOPBACK", "false",
                "CONTAINERD_ROOTLESS_ROOTLESSKIT_PORT_DRIVER", "builtin",
                "CONTAINERD_ROOTLESS_ROOTLESSKIT_DETACH_NETNS", "auto"));
        assertThat(settings.stateFolder()).contains(Path.of("/run/user/1000/containerd-rootless"));
        assertThat(settings.driver()).contains("pasta");
        assertThat(settings.options().mtu()).isEqualTo(1400);
        assertThat(settings.options().ipv6()).isTrue();
        assertThat(settings.options().sandbox()).isFalse();
        assertThat(settings.options().special().seccomp()).isFalse();
        assertThat(settings.options().hostLoopback()).isTrue();
        assertThat(settings.remarks()).isEmpty();
    }

    @Test
    void aBridgeOfTheHostHasAProgramAndAName() {
        RootlessSettings plain = read(Map.of("CONTAINERD_ROOTLESS_ROOTLESSKIT_NET", "lxc-user-nic"));
        assertThat(plain.isBridged()).isTrue();
        assertThat(plain.bridge()).isEqualTo(new BridgedWayOut.Choice("", "lxcbr0", 0));
        assertThat(plain.mtu()).isEqualTo(1500);
        RootlessSettings named = read(Map.of(
                "CONTAINERD_ROOTLESS_ROOTLESSKIT_FLAGS",
                "--net=lxc-user-nic --lxc-user-nic-binary /x/nic --lxc-user-nic-bridge=br7 --mtu=1400"));
        assertThat(named.bridge()).isEqualTo(new BridgedWayOut.Choice("/x/nic", "br7", 1400));
        assertThat(named.remarks()).isEmpty();
        assertThat(read(Map.of()).isBridged()).isFalse();
        assertThatThrownBy(() -> read(Map.of(
                        "CONTAINERD_ROOTLESS_ROOTLESSKIT_PORT_DRIVER", "slirp4netns",
                        "CONTAINERD_ROOTLESS_ROOTLESSKIT_NET", "lxc-user-nic")))
                .hasMessageContaining("does not go with network \"lxc-user-nic\"");
    }

    @Test
    void flagsCountMoreThanVariablesAndWhatDoesNothingIsSaid() {
        RootlessSettings settings = read(Map.of(
                "CONTAINERD_ROOTLESS_ROOTLESSKIT_MTU", "1400",
                "CONTAINERD_ROOTLESS_ROOTLESSKIT_PORT_DRIVER", "pesto",
                "CONTAINERD_ROOTLESS_ROOTLESSKIT_FLAGS",
                        " --mtu 9000 --cidr=10.0.9.0/24 --ipv6  --publish=0.0.0.0:4001:4001/tcp"));
        assertThat(settings.options().mtu()).isEqualTo(9000);
        assertThat(settings.options().cidr().orElseThrow()).hasToString("10.0.9.0/24");
        assertThat(settings.options().ipv6()).isTrue();
        assertThat(settings.ports()).isEqualTo(RootlessSettings.PortDriver.BUILTIN);
        assertThat(settings.remarks()).hasSize(2);
        assertThat(String.join("\n", settings.remarks()))
                .contains("--publish=0.0.0.0:4001:4001/tcp has no effect")
                .contains("PORT_DRIVER=pesto");
    }

    @ParameterizedTest
    @CsvSource({"builtin, ''", "none, ''", "slirp4netns, slirp4netns", "implicit, pasta"})
    void aPortDriverBringsTheNetworkDriverItGoesWith(String name, String net) {
        RootlessSettings settings = read(Map.of("CONTAINERD_ROOTLESS_ROOTLESSKIT_PORT_DRIVER", name));
        assertThat(settings.ports().name()).isEqualToIgnoringCase(name);
        assertThat(settings.driver().orElse("")).isEqualTo(net);
        assertThat(settings.options().special().openPorts()).isEqualTo(name.equals("implicit"));
        assertThat(settings.remarks()).isEmpty();
    }

    @Test
    void portDriversThatNeedAnotherNetworkAreRefused() {
        assertThatThrownBy(() -> read(Map.of(
                        "CONTAINERD_ROOTLESS_ROOTLESSKIT_PORT_DRIVER", "slirp4netns",
                        "CONTAINERD_ROOTLESS_ROOTLESSKIT_NET", "pasta")))
                .hasMessageContaining("port driver \"slirp4netns\" does not go with network \"pasta\"");
    }

    @Test
    void whetherTheNamespaceIsDetachedIsAskedAlone() {
        assertThat(RootlessSettings.detaches(Map.of("CONTAINERD_ROOTLESS_ROOTLESSKIT_NET", "wormhole")))
                .isTrue();
        assertThat(RootlessSettings.detaches(Map.of("CONTAINERD_ROOTLESS_ROOTLESSKIT_DETACH_NETNS", "false")))
                .isFalse();
        assertThat(RootlessSettings.detaches(
                        Map.of("CONTAINERD_ROOTLESS_ROOTLESSKIT_FLAGS", "--detach-netns=false --debug")))
                .isFalse();
    }

    @Test
    void noneIsNoWayOut() {
        assertThat(read(Map.of("CONTAINERD_ROOTLESS_ROOTLESSKIT_NET", "none")).hasWayOut())
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "NET, wormhole",
        "STATE_DIR, here",
        "MTU, big",
        "MTU, 70000",
        "PORT_DRIVER, magic",
        "SLIRP4NETNS_SANDBOX, yes",
        "SLIRP4NETNS_SECCOMP, maybe",
        "DETACH_NETNS, perhaps",
        "IPV6, 6",
        "DISABLE_HOST_LOOPBACK, no"
    })
    void aValueThatIsUnknownIsNamed(String name, String value) {
        Map<String, String> environment = new HashMap<>();
        environment.put("CONTAINERD_ROOTLESS_ROOTLESSKIT_" + name, value);
        assertThatThrownBy(() -> read(environment))
                .isInstanceOf(KelpException.class)
                .hasMessage("unknown CONTAINERD_ROOTLESS_ROOTLESSKIT_" + name + " value: " + value);
    }

    @Test
    void aFlagWithoutItsValueIsRefused() {
        assertThatThrownBy(() -> read(Map.of("CONTAINERD_ROOTLESS_ROOTLESSKIT_FLAGS", "--mtu")))
                .hasMessageContaining("flag needs an argument: --mtu");
    }

    private static RootlessSettings read(Map<String, String> environment) {
        return RootlessSettings.of(environment, false);
    }
}
