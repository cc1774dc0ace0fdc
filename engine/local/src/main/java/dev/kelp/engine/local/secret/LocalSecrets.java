// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.secret;

import dev.kelp.engine.Secrets;
import java.util.List;
import java.util.Optional;

/// The secrets of one namespace.
public record LocalSecrets(String namespace, SecretStore store) implements Secrets {
    @Override
    public Secret create(NewSecret secret, byte[] data) {
        return store.create(namespace, secret, data);
    }

    @Override
    public List<Secret> list() {
        return store.list(namespace);
    }

    @Override
    public Optional<Secret> find(String nameOrId) {
        return store.find(namespace, nameOrId);
    }

    @Override
    public String remove(String nameOrId) {
        return store.remove(namespace, nameOrId);
    }
}
