// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli;

import dev.kelp.engine.Namespaces;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.List;
import java.util.Map;

/// The namespaces of a [FakeEngine], with its labels.
public final class FakeNamespaces implements Namespaces {
    private final FakeEngine engine;

    FakeNamespaces(FakeEngine engine) {
        this.engine = engine;
    }

    @Override
    public List<NamespaceSummary> list() {
        return engine.namespaces.keySet().stream().map(this::inspect).toList();
    }

    @Override
    public NamespaceSummary inspect(String name) {
        FakeEngine.Namespace n = engine.namespaces.get(name);
        if (n == null) {
            throw KelpException.notFound("namespace " + name + ": not found");
        }
        return new NamespaceSummary(
                name,
                n.labels,
                n.containers.records.size(),
                n.images.list().size(),
                n.volumes().list().size());
    }

    @Override
    public void create(String name, Map<String, String> labels) {
        if (engine.namespaces.containsKey(name)) {
            throw new KelpException(ErrorKind.ALREADY_EXISTS, "namespace \"" + name + "\": already exists");
        }
        engine.namespace(name).labels.putAll(labels);
    }

    @Override
    public void label(String name, Map<String, String> labels) {
        inspect(name);
        engine.namespace(name).labels.putAll(labels);
    }

    @Override
    public void remove(String name) {
        if (inspect(name).containers() > 0) {
            throw new KelpException(ErrorKind.FAILED_PRECONDITION, "namespace \"" + name + "\" must be empty");
        }
        engine.namespaces.remove(name);
    }
}
