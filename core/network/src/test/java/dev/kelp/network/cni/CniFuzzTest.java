// SPDX-License-Identifier: Apache-2.0
package dev.kelp.network.cni;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kelp.model.KelpException;
import java.nio.charset.StandardCharsets;

class CniFuzzTest {
    @FuzzTest
    void anyConfigurationIsReadOrRefused(byte[] json) {
        try {
            NetworkList list = NetworkList.parse("fuzz", json);
            list.pools();
            list.labels();
            list.id();
            list.mtu();
            list.device();
        } catch (KelpException e) {
            // refused
        }
    }

    @FuzzTest
    void anyResultIsReadOrRefused(byte[] json) {
        try {
            CniResult.parse("fuzz", new String(json, StandardCharsets.UTF_8));
        } catch (KelpException e) {
            // refused
        }
    }
}
