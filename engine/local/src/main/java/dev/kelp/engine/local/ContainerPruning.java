// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import dev.kelp.engine.Containers.Pruned;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Removes the containers that do not run. They are looked at a page at a time, so that memory need not hold them all.
final class ContainerPruning implements ContainerRemoval.Outcome {
    private final ContainerRecords records;
    private final ContainerRemoval removal;
    private final ContainerFiles files;
    private final Map<String, Long> sizes = new HashMap<>();
    private final List<String> removed = new ArrayList<>();
    private long bytes;
    private @Nullable KelpException failure;

    ContainerPruning(ContainerRecords records, ContainerRemoval removal, ContainerFiles files) {
        this.records = records;
        this.removal = removal;
        this.files = files;
    }

    Pruned run(String namespace, Predicate<ContainerRecord> wanted) {
        List<String> ids = records.stoppedIds(namespace);
        for (int from = 0; from < ids.size(); from += ContainerRemoval.AT_A_TIME) {
            List<ContainerRecord> page = new ArrayList<>();
            for (String id : ids.subList(from, Math.min(ids.size(), from + ContainerRemoval.AT_A_TIME))) {
                records.byId(namespace, id).filter(wanted).ifPresent(page::add);
            }
            sizes.clear();
            page.forEach(this::measure);
            removal.removeAll(page, false, false, this);
            if (failure != null) {
                throw failure;
            }
        }
        return new Pruned(removed, bytes);
    }

    private void measure(ContainerRecord c) {
        try {
            sizes.put(c.id(), files.writableBytes(c));
        } catch (KelpException e) {
            if (e.kind() != ErrorKind.NOT_FOUND) {
                throw e;
            }
        }
    }

    @Override
    public void removed(ContainerRecord c) {
        removed.add(c.id());
        bytes += sizes.getOrDefault(c.id(), 0L);
    }

    /// One that was started or removed meanwhile is not to be pruned.
    @Override
    public void failed(ContainerRecord c, KelpException why) {
        if (why.kind() != ErrorKind.NOT_FOUND && why.kind() != ErrorKind.FAILED_PRECONDITION) {
            failure = why;
        }
    }
}
