// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.Engine;
import dev.kelp.engine.Namespaces;
import dev.kelp.engine.local.metadata.NamespaceRecords;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/// The namespaces of a [LocalEngine].
record LocalNamespaces(NamespaceRecords records) implements Namespaces {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9]+(?:[._-][A-Za-z0-9]+)*");
    private static final int NAME_LENGTH_MAX = 76;

    /// As containerd has it: key and value together.
    private static final int LABEL_LENGTH_MAX = 4096;

    private static final int LABELS_MAX = 1024;

    static String checkName(String name) {
        if (name.length() > NAME_LENGTH_MAX || !NAME.matcher(name).matches()) {
            throw KelpException.invalid("`" + name + "` is not a namespace")
                    .withHint("letters and digits make a name, with `.`, `_` or `-` between them, at most "
                            + NAME_LENGTH_MAX);
        }
        return name;
    }

    private static void checkLabels(Map<String, String> labels) {
        if (labels.size() > LABELS_MAX) {
            throw KelpException.invalid("more than " + LABELS_MAX + " labels");
        }
        labels.forEach((k, v) -> {
            if (k.isEmpty() || k.length() + v.length() > LABEL_LENGTH_MAX) {
                throw KelpException.invalid(
                        "a label needs a name, and at most " + LABEL_LENGTH_MAX + " characters with its value");
            }
        });
    }

    private static KelpException missing(String name) {
        return KelpException.notFound("namespace " + name + ": not found");
    }

    @Override
    public List<NamespaceSummary> list() {
        return records.list();
    }

    @Override
    public NamespaceSummary inspect(String name) {
        return records.find(checkName(name)).orElseThrow(() -> missing(name));
    }

    @Override
    public void create(String name, Map<String, String> labels) {
        checkLabels(labels);
        if (!records.insert(checkName(name), labels)) {
            throw new KelpException(ErrorKind.ALREADY_EXISTS, "namespace \"" + name + "\": already exists");
        }
    }

    @Override
    public void label(String name, Map<String, String> labels) {
        checkLabels(labels);
        if (!records.label(checkName(name), labels)) {
            throw missing(name);
        }
    }

    @Override
    public void remove(String name) {
        if (name.equals(Engine.DEFAULT_NAMESPACE)) {
            throw new KelpException(ErrorKind.FAILED_PRECONDITION, "the namespace " + name + " is always there");
        }
        if (!records.delete(checkName(name))) {
            throw missing(name);
        }
    }
}
