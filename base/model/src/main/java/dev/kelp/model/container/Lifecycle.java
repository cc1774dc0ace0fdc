// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.container;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.kelp.model.oci.ImageConfig;
import org.jspecify.annotations.Nullable;

/// Start and end.
///
/// @param autoRemove removed when it has ended (`--rm`)
/// @param stopSignal name or number; null: the image's, else SIGTERM
/// @param stopTimeoutSeconds null: 10
/// @param restart `no`, `always`, `on-failure[:N]`, `unless-stopped`; null: no
/// @param init a small init (`catatonit` or `tini`) is pid 1
/// @param runtime `crun`, `runc` or an absolute path; null: the instance's default
/// @param snapshotter `overlayfs`, `native`; null: the instance's default
/// @param initBinary the init on the host, null: the one found there
/// @param timeoutSeconds it is killed after so long, 0: never
/// @param pidFile a path of the user's that takes the first process' pid at each start she asks for
/// @param health what replaces the image's health check, field by field (`Test` of `NONE`: no check); null:
/// nothing
/// @param healthOnFailure what becoming unhealthy leads to: `none`, `kill`, `restart`, `stop`; null: none
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record Lifecycle(
        boolean autoRemove,
        @Nullable String stopSignal,
        @Nullable Integer stopTimeoutSeconds,
        @Nullable String restart,
        boolean init,
        @Nullable String runtime,
        @Nullable String snapshotter,
        @Nullable String initBinary,
        long timeoutSeconds,
        @Nullable String pidFile,
        ImageConfig.@Nullable Healthcheck health,
        @Nullable String healthOnFailure) {
    public static final Lifecycle DEFAULT = new Lifecycle(false, null, null, null, false, null, null);

    public Lifecycle(
            boolean autoRemove,
            @Nullable String stopSignal,
            @Nullable Integer stopTimeoutSeconds,
            @Nullable String restart,
            boolean init,
            @Nullable String runtime,
            @Nullable String snapshotter) {
        this(
                autoRemove,
                stopSignal,
                stopTimeoutSeconds,
                restart,
                init,
                runtime,
                snapshotter,
                null,
                0,
                null,
                null,
                null);
    }

    public Lifecycle withStopSignal(String signal) {
        return new Lifecycle(
                autoRemove,
                signal,
                stopTimeoutSeconds,
                restart,
                init,
                runtime,
                snapshotter,
                initBinary,
                timeoutSeconds,
                pidFile,
                health,
                healthOnFailure);
    }

    public Lifecycle withRestart(@Nullable String policy) {
        return new Lifecycle(
                autoRemove,
                stopSignal,
                stopTimeoutSeconds,
                policy,
                init,
                runtime,
                snapshotter,
                initBinary,
                timeoutSeconds,
                pidFile,
                health,
                healthOnFailure);
    }

    public Lifecycle withHealth(ImageConfig.@Nullable Healthcheck check, @Nullable String onFailure) {
        return new Lifecycle(
                autoRemove,
                stopSignal,
                stopTimeoutSeconds,
                restart,
                init,
                runtime,
                snapshotter,
                initBinary,
                timeoutSeconds,
                pidFile,
                check,
                onFailure);
    }

    public Lifecycle withoutInit() {
        return new Lifecycle(
                autoRemove,
                stopSignal,
                stopTimeoutSeconds,
                restart,
                false,
                runtime,
                snapshotter,
                null,
                timeoutSeconds,
                pidFile,
                health,
                healthOnFailure);
    }
}
