// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.oci;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import dev.kelp.model.Digest;
import dev.kelp.model.Platform;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An OCI image configuration, with the fields Docker adds (health check, shell, on-build).
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record ImageConfig(
        @Nullable String created,
        @Nullable String author,
        String architecture,
        String os,
        @JsonProperty("os.version") @Nullable String osVersion,
        @Nullable String variant,
        @Nullable Execution config,
        RootFs rootfs,
        @Nullable List<History> history,
        @Nullable String comment) {

    public ImageConfig {
        architecture = architecture == null ? "" : architecture;
        os = os == null ? "" : os;
        rootfs = rootfs == null ? new RootFs("layers", List.of()) : rootfs;
    }

    public Platform platform() {
        return new Platform(
                os.isEmpty() ? "linux" : os,
                architecture.isEmpty() ? Platform.host().architecture() : architecture,
                variant);
    }

    /// The execution parameters, never null.
    public Execution execution() {
        return config == null ? Execution.EMPTY : config;
    }

    /// The `config` object: what a container runs with unless told otherwise.
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record Execution(
            @JsonProperty("User") @Nullable String user,
            @JsonProperty("ExposedPorts") @Nullable Map<String, Object> exposedPorts,
            @JsonProperty("Env") @Nullable List<String> env,
            @JsonProperty("Entrypoint") @Nullable List<String> entrypoint,
            @JsonProperty("Cmd") @Nullable List<String> cmd,
            @JsonProperty("Volumes") @Nullable Map<String, Object> volumes,
            @JsonProperty("WorkingDir") @Nullable String workingDir,
            @JsonProperty("Labels") @Nullable Map<String, String> labels,
            @JsonProperty("StopSignal") @Nullable String stopSignal,
            @JsonProperty("ArgsEscaped") @Nullable Boolean argsEscaped,
            @JsonProperty("Healthcheck") @Nullable Healthcheck healthcheck,
            @JsonProperty("OnBuild") @Nullable List<String> onBuild,
            @JsonProperty("Shell") @Nullable List<String> shell) {
        public static final Execution EMPTY =
                new Execution(null, null, null, null, null, null, null, null, null, null, null, null, null);
    }

    /// Docker's health check; durations in nanoseconds.
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record Healthcheck(
            @JsonProperty("Test") @Nullable List<String> test,
            @JsonProperty("Interval") @Nullable Long interval,
            @JsonProperty("Timeout") @Nullable Long timeout,
            @JsonProperty("StartPeriod") @Nullable Long startPeriod,
            @JsonProperty("StartInterval") @Nullable Long startInterval,
            @JsonProperty("Retries") @Nullable Integer retries) {}

    /// The layers' digests before compression, lowest first.
    public record RootFs(
            String type, @JsonProperty("diff_ids") List<Digest> diffIds) {
        public RootFs {
            type = type == null ? "layers" : type;
            diffIds = diffIds == null ? List.of() : List.copyOf(diffIds);
        }
    }

    /// How one layer, or one line without a layer, came to be.
    @JsonInclude(JsonInclude.Include.NON_EMPTY)
    public record History(
            @Nullable String created,
            @JsonProperty("created_by") @Nullable String createdBy,
            @Nullable String author,
            @Nullable String comment,
            @JsonProperty("empty_layer") @Nullable Boolean emptyLayer) {}
}
