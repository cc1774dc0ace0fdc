// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.kelp.model.oci.OciJson;
import java.math.BigInteger;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;

/// The `linux.seccomp` object of an OCI runtime configuration.
///
/// @param listenerPath the socket of somebody who is asked about calls, which the OCI runtime connects to; null: nobody
/// @param listenerMetadata what is sent to it; null: nothing
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record SeccompProfile(
        String defaultAction,
        @Nullable Integer defaultErrnoRet,
        List<String> architectures,
        List<String> flags,
        List<Rule> syscalls,
        @Nullable String listenerPath,
        @Nullable String listenerMetadata) {
    static final String ALLOW = "SCMP_ACT_ALLOW";
    static final String ERRNO = "SCMP_ACT_ERRNO";
    static final String NOTIFY = "SCMP_ACT_NOTIFY";
    static final int EPERM = 1;
    static final int ENOSYS = 38;

    /// Sets of capabilities whose profile is kept as bytes; more are forgotten together.
    private static final int CACHED_MAX = 64;

    private static final ConcurrentMap<Set<Capability>, String> CACHE = new ConcurrentHashMap<>();
    private static final ConcurrentMap<Set<Capability>, String> ASKING = new ConcurrentHashMap<>();

    public SeccompProfile {
        architectures = List.copyOf(architectures);
        flags = List.copyOf(flags);
        syscalls = List.copyOf(syscalls);
    }

    /// One that asks nobody of its own.
    SeccompProfile(
            String defaultAction,
            @Nullable Integer defaultErrnoRet,
            List<String> architectures,
            List<String> flags,
            List<Rule> syscalls) {
        this(defaultAction, defaultErrnoRet, architectures, flags, syscalls, null, null);
    }

    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record Rule(
            List<String> names, String action, @Nullable Integer errnoRet, List<Argument> args) {
        public Rule {
            names = List.copyOf(names);
            args = List.copyOf(args);
        }

        static Rule allow(List<String> names) {
            return new Rule(names, ALLOW, null, List.of());
        }

        static Rule allowIf(String name, Argument argument) {
            return new Rule(List.of(name), ALLOW, null, List.of(argument));
        }

        static Rule refuse(List<String> names, int errno) {
            return new Rule(names, ERRNO, errno, List.of());
        }

        static Rule refuseIf(String name, Argument argument) {
            return new Rule(List.of(name), ERRNO, EPERM, List.of(argument));
        }
    }

    /// A condition on a system call's argument; `SCMP_CMP_MASKED_EQ` masks with `value` and compares with
    /// `valueTwo`.
    public record Argument(int index, BigInteger value, BigInteger valueTwo, String op) {
        Argument(int index, long value, long valueTwo, String op) {
            this(index, BigInteger.valueOf(value), BigInteger.valueOf(valueTwo), op);
        }
    }

    /// The default profile, asking nobody.
    public static String defaultJson(Set<Capability> capabilities) {
        return defaultJson(capabilities, false);
    }

    /// The default profile for a container with these capabilities, as JSON; the text is the same object each time.
    ///
    /// @param asks whether a listener is asked about sockets, see [SocketRules]
    public static String defaultJson(Set<Capability> capabilities, boolean asks) {
        ConcurrentMap<Set<Capability>, String> cache = asks ? ASKING : CACHE;
        String known = cache.get(capabilities);
        if (known != null) {
            return known;
        }
        if (cache.size() >= CACHED_MAX) {
            cache.clear();
        }
        return cache.computeIfAbsent(Set.copyOf(capabilities), set -> {
            SeccompProfile profile = DefaultSeccomp.profile(set, Architecture.host());
            return (asks ? SocketRules.asking(profile) : profile).json();
        });
    }

    /// As JSON.
    public String json() {
        return OciJson.mapper().writeValueAsString(this);
    }
}
