// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.container;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.kelp.model.container.ContainerSpec.DeviceSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What the processes may do.
///
/// @param capabilitiesAdd names without or with `CAP_`, or `ALL`
/// @param noNewPrivileges null: the default, which is off
/// @param seccomp null: Kelp's default profile; `unconfined`; else the JSON of a profile in Docker's form
/// @param apparmor a profile's name, `unconfined`, or null
/// @param systemPathsUnconfined no masked and read-only paths below /proc and /sys
/// @param masked further paths that are hidden
/// @param unmasked paths, or patterns of glob(7), that are neither hidden nor read-only
/// @param writableCgroups /sys/fs/cgroup can be written
/// @param withoutHostDevices a privileged container that gets none of the machine's devices
/// @param cdiDevices names of devices by the Container Device Interface, `VENDOR/CLASS=NAME`; what they stand for
///     was added to the specification at `create`
/// @param secrets what it is told in confidence; their contents are not here
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Security(
        boolean privileged,
        boolean readOnlyRootfs,
        List<String> capabilitiesAdd,
        List<String> capabilitiesDrop,
        @Nullable Boolean noNewPrivileges,
        @Nullable String seccomp,
        @Nullable String apparmor,
        boolean systemPathsUnconfined,
        List<DeviceSpec> devices,
        List<String> masked,
        List<String> unmasked,
        boolean writableCgroups,
        boolean withoutHostDevices,
        List<String> cdiDevices,
        List<SecretUse> secrets) {
    public static final Security DEFAULT =
            new Security(false, false, List.of(), List.of(), null, null, null, false, List.of());

    public Security {
        capabilitiesAdd = capabilitiesAdd == null ? List.of() : List.copyOf(capabilitiesAdd);
        capabilitiesDrop = capabilitiesDrop == null ? List.of() : List.copyOf(capabilitiesDrop);
        devices = devices == null ? List.of() : List.copyOf(devices);
        masked = masked == null ? List.of() : List.copyOf(masked);
        unmasked = unmasked == null ? List.of() : List.copyOf(unmasked);
        cdiDevices = cdiDevices == null ? List.of() : List.copyOf(cdiDevices);
        secrets = secrets == null ? List.of() : List.copyOf(secrets);
    }

    /// With the default hidden paths and no named devices.
    public Security(
            boolean privileged,
            boolean readOnlyRootfs,
            List<String> capabilitiesAdd,
            List<String> capabilitiesDrop,
            @Nullable Boolean noNewPrivileges,
            @Nullable String seccomp,
            @Nullable String apparmor,
            boolean systemPathsUnconfined,
            List<DeviceSpec> devices) {
        this(
                privileged,
                readOnlyRootfs,
                capabilitiesAdd,
                capabilitiesDrop,
                noNewPrivileges,
                seccomp,
                apparmor,
                systemPathsUnconfined,
                devices,
                List.of(),
                List.of(),
                false,
                false,
                List.of(),
                List.of());
    }

    public Security withPrivileged(boolean all) {
        return new Security(
                all,
                readOnlyRootfs,
                capabilitiesAdd,
                capabilitiesDrop,
                noNewPrivileges,
                seccomp,
                apparmor,
                systemPathsUnconfined,
                devices,
                masked,
                unmasked,
                writableCgroups,
                withoutHostDevices,
                cdiDevices,
                secrets);
    }

    public Security withWritableCgroups() {
        return new Security(
                privileged,
                readOnlyRootfs,
                capabilitiesAdd,
                capabilitiesDrop,
                noNewPrivileges,
                seccomp,
                apparmor,
                systemPathsUnconfined,
                devices,
                masked,
                unmasked,
                true,
                withoutHostDevices,
                cdiDevices,
                secrets);
    }

    public Security withDevices(List<DeviceSpec> nodes) {
        return new Security(
                privileged,
                readOnlyRootfs,
                capabilitiesAdd,
                capabilitiesDrop,
                noNewPrivileges,
                seccomp,
                apparmor,
                systemPathsUnconfined,
                nodes,
                masked,
                unmasked,
                writableCgroups,
                withoutHostDevices,
                cdiDevices,
                secrets);
    }

    public Security withSecrets(List<SecretUse> given) {
        return new Security(
                privileged,
                readOnlyRootfs,
                capabilitiesAdd,
                capabilitiesDrop,
                noNewPrivileges,
                seccomp,
                apparmor,
                systemPathsUnconfined,
                devices,
                masked,
                unmasked,
                writableCgroups,
                withoutHostDevices,
                cdiDevices,
                given);
    }
}
