// SPDX-License-Identifier: Apache-2.0
/// The engine as a library: what every front end (command line, Docker API, containerd API) is written against.
module dev.kelp.engine {
    requires transitive dev.kelp.linux;

    exports dev.kelp.engine;
}
