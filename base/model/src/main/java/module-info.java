// SPDX-License-Identifier: Apache-2.0
/// The vocabulary of the engine: digests, references, descriptors, errors. Knows nothing of running containers.
module dev.kelp.model {
    requires transitive tools.jackson.databind;
    requires static transitive org.jspecify;

    exports dev.kelp.model;
    exports dev.kelp.model.container;
    exports dev.kelp.model.network;
    exports dev.kelp.model.oci;

    opens dev.kelp.model to
            tools.jackson.databind;
    opens dev.kelp.model.container to
            tools.jackson.databind;
    opens dev.kelp.model.network to
            tools.jackson.databind;
    opens dev.kelp.model.oci to
            tools.jackson.databind;
}
