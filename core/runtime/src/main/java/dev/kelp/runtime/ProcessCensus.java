// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime;

import dev.kelp.runtime.ContainerProcesses.Entry;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// The processes of the machine as they are when it is first asked, so that many containers cost one look at /proc. Not
/// for several threads.
public final class ProcessCensus {
    /// Starts the kernel's own threads, which are in no container.
    private static final int KERNEL_THREADS = 2;

    private final Map<Integer, Entry> all = new HashMap<>();
    private final Map<Integer, List<Integer>> children = new HashMap<>();
    private final Map<String, Optional<Path>> namespaces = new HashMap<>();
    private boolean taken;

    public ProcessCensus() {}

    /// What [ContainerProcesses] says of a container, by pid.
    ///
    /// @param first pid of the container's first process
    /// @param sharesPids whether it runs in a pid namespace that others use too
    public List<Entry> of(int first, boolean sharesPids) {
        take();
        Set<Integer> own = new TreeSet<>();
        Optional<Path> pids = sharesPids ? Optional.empty() : namespace(first, "pid");
        Optional<Path> mounts = namespace(first, "mnt");
        for (Integer pid : all.keySet()) {
            if (pid == first
                    || (pids.isPresent() && namespace(pid, "pid").equals(pids))
                    || (mounts.isPresent() && namespace(pid, "mnt").equals(mounts))) {
                addWithDescendants(pid, own);
            }
        }
        return own.stream().map(all::get).toList();
    }

    /// Those in namespaces of their own are found by who started them.
    private void addWithDescendants(int pid, Set<Integer> own) {
        Deque<Integer> next = new ArrayDeque<>(List.of(pid));
        while (!next.isEmpty()) {
            int p = next.pop();
            if (own.add(p)) {
                next.addAll(children.getOrDefault(p, List.of()));
            }
        }
    }

    private void take() {
        if (taken) {
            return;
        }
        taken = true;
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(Path.of("/proc"), "[1-9]*")) {
            for (Path p : processes) {
                ContainerProcesses.read(Integer.parseInt(p.getFileName().toString()))
                        .filter(e -> e.parent() != KERNEL_THREADS && e.pid() != KERNEL_THREADS)
                        .ifPresent(this::add);
            }
        } catch (IOException | NumberFormatException e) {
            all.clear();
            children.clear();
        }
    }

    private void add(Entry e) {
        all.put(e.pid(), e);
        children.computeIfAbsent(e.parent(), _ -> new ArrayList<>()).add(e.pid());
    }

    private Optional<Path> namespace(int pid, String type) {
        return namespaces.computeIfAbsent(pid + type, _ -> {
            try {
                return Optional.of(Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/" + type)));
            } catch (IOException e) {
                return Optional.empty();
            }
        });
    }
}
