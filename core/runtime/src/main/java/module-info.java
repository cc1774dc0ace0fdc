// SPDX-License-Identifier: Apache-2.0
/// Runs containers: OCI configuration, monitors, OCI runtimes, logs.
module dev.kelp.runtime {
    requires transitive dev.kelp.rootless;
    requires com.fasterxml.jackson.annotation;
    requires tools.jackson.core;

    exports dev.kelp.runtime;
    exports dev.kelp.runtime.receiver;
    exports dev.kelp.runtime.spec;

    opens dev.kelp.runtime.spec to
            tools.jackson.databind;
}
