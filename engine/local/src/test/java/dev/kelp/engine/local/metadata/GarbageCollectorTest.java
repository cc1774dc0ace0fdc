// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.metadata;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kelp.content.ContentStore;
import dev.kelp.content.OciLayoutStore;
import dev.kelp.engine.local.metadata.BlobRecords.Edge;
import dev.kelp.model.Digest;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.snapshot.CommitOptions;
import dev.kelp.snapshot.NativeSnapshotter;
import dev.kelp.snapshot.Snapshot;
import dev.kelp.snapshot.Snapshotter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GarbageCollectorTest {
    @TempDir
    Path folder;

    private Database database;
    private ContentStore content;
    private Leases leases;
    private BlobRecords blobs;
    private ImageRecords images;
    private Snapshotter snapshotter;
    private GarbageCollector collector;

    @BeforeEach
    void open() {
        database = Database.open(folder.resolve("kelp.db"));
        content = new OciLayoutStore(folder.resolve("content"));
        leases = new Leases(database);
        blobs = new BlobRecords(database);
        images = new ImageRecords(database);
        snapshotter = new NativeSnapshotter(folder, new SnapshotTable(database, NativeSnapshotter.NAME));
        collector = new GarbageCollector(database, leases, content, List.of(snapshotter));
    }

    @AfterEach
    void close() {
        database.close();
    }

    private Descriptor blob(String text) {
        byte[] b = text.getBytes(StandardCharsets.UTF_8);
        Descriptor d = Descriptor.of("text/plain", Digest.ofSha256(b), b.length);
        content.put(d, b);
        return d;
    }

    private void edge(Descriptor parent, Descriptor child) {
        blobs.addEdges(List.of(new Edge(Nodes.blob(parent.digest()), Nodes.blob(child.digest()))));
    }

    private Set<Digest> here() {
        return content.list().stream().map(ContentStore.Blob::digest).collect(Collectors.toSet());
    }

    private Set<String> snapshots() {
        return snapshotter.list(s -> true).stream().map(Snapshot::name).collect(Collectors.toSet());
    }

    private void layer(String name, String parent) {
        snapshotter.prepare("extract-" + name, parent, Map.of());
        snapshotter.commit(name, "extract-" + name, CommitOptions.DEFAULT);
    }

    private void container(String id, String image, String parent) {
        database.write(c -> {
            try (PreparedStatement s = c.prepareStatement("INSERT INTO containers"
                    + " (namespace, id, name, phase, created, definition, run)"
                    + " VALUES ('n', ?, ?, 'CREATED', 0, ?, ?)")) {
                s.setString(1, id);
                s.setString(2, id);
                String json =
                        "{\"imageDigest\":\"" + image + "\",\"snapshotter\":\"native\",\"parent\":\"" + parent + "\"}";
                s.setBytes(3, json.getBytes(StandardCharsets.UTF_8));
                s.setBytes(4, "{}".getBytes(StandardCharsets.UTF_8));
                return s.executeUpdate();
            }
        });
    }

    @Test
    void keepsWhatImagesReachAndRemovesTheRest() {
        Descriptor index = blob("index");
        Descriptor manifest = blob("manifest");
        Descriptor config = blob("config");
        Descriptor garbage = blob("garbage");
        edge(index, manifest);
        edge(manifest, config);
        layer("base", null);
        layer("top", "base");
        layer("old", "base");
        blobs.addEdges(List.of(new Edge(Nodes.blob(config.digest()), "native/top")));
        images.put("n", "docker.io/library/a:1", index);
        GarbageCollector.Collected c = collector.collect();
        assertThat(c.blobs()).containsExactly(garbage.digest());
        assertThat(c.snapshots()).containsExactly("native/old");
        assertThat(here()).contains(index.digest(), manifest.digest(), config.digest());
        assertThat(snapshots()).containsExactlyInAnyOrder("base", "top");
        images.delete("n", List.of("docker.io/library/a:1"));
        assertThat(collector.collect().snapshots()).containsExactly("native/top", "native/base");
        assertThat(here()).isEmpty();
        assertThat(blobs.children(Nodes.blob(index.digest()))).isEmpty();
    }

    @Test
    void keepsWhatContainersUse() {
        Descriptor manifest = blob("manifest");
        layer("base", null);
        String id = "a".repeat(64);
        container(id, manifest.digest().toString(), "base");
        snapshotter.prepare(id, "base", Map.of());
        snapshotter.view(id + "-image", "base", Map.of());
        snapshotter.prepare("b".repeat(64), null, Map.of());
        assertThat(collector.collect().snapshots()).containsExactly("native/" + "b".repeat(64));
        assertThat(here()).containsExactly(manifest.digest());
        assertThat(snapshots()).containsExactlyInAnyOrder("base", id, id + "-image");
    }

    @Test
    void keepsALeaseUntilItEnds() {
        Descriptor a = blob("a");
        Descriptor b = blob("b");
        edge(a, b);
        Leases.Lease lease = leases.open(Duration.ofHours(1));
        lease.retain(List.of(Nodes.blob(a.digest()), "native/extract-x"));
        snapshotter.prepare("extract-x", null, Map.of());
        collector.collect();
        assertThat(here()).containsExactlyInAnyOrder(a.digest(), b.digest());
        assertThat(snapshots()).containsExactly("extract-x");
        collector.recover();
        assertThat(here()).as("a restart keeps blobs to be resumed").hasSize(2);
        assertThat(snapshots()).as("but not half an unpacking").isEmpty();
        lease.release();
        collector.collect();
        assertThat(here()).isEmpty();
        Leases.Lease over = leases.open(Duration.ofHours(-1));
        over.retain(List.of(Nodes.blob(blob("c").digest())));
        collector.collect();
        assertThat(here()).isEmpty();
    }

    @Test
    void keepsAPinAsLongAsAnybodyHoldsIt() {
        Descriptor a = blob("a");
        Leases.Pin one = leases.pin(List.of(Nodes.blob(a.digest())));
        Leases.Pin two = leases.pin(List.of(Nodes.blob(a.digest())));
        one.close();
        one.close();
        collector.collect();
        assertThat(here()).hasSize(1);
        two.close();
        collector.collect();
        assertThat(here()).isEmpty();
        assertThat(leases.pins()).isEmpty();
    }

    @Test
    void randomGraphsKeepExactlyWhatIsReached() {
        for (int seed = 0; seed < 40; seed++) {
            Random random = new Random(seed);
            List<Descriptor> all = new ArrayList<>();
            Map<Descriptor, Set<Descriptor>> children = new java.util.HashMap<>();
            int count = 1 + random.nextInt(25);
            for (int i = 0; i < count; i++) {
                all.add(blob(seed + "-" + i));
            }
            for (int e = random.nextInt(2 * count); e > 0; e--) {
                Descriptor p = all.get(random.nextInt(count));
                Descriptor c = all.get(random.nextInt(count));
                edge(p, c);
                children.computeIfAbsent(p, k -> new HashSet<>()).add(c);
            }
            Set<Descriptor> expected = new HashSet<>();
            List<String> names = new ArrayList<>();
            List<Leases.Pin> pins = new ArrayList<>();
            for (int r = random.nextInt(4); r > 0; r--) {
                Descriptor root = all.get(random.nextInt(count));
                reach(root, children, expected);
                if (random.nextBoolean()) {
                    pins.add(leases.pin(List.of(Nodes.blob(root.digest()))));
                } else {
                    names.add("docker.io/library/r" + r + ":latest");
                    images.put("n", names.getLast(), root);
                }
            }
            collector.collect();
            assertThat(here())
                    .as("seed " + seed)
                    .isEqualTo(expected.stream().map(Descriptor::digest).collect(Collectors.toSet()));
            pins.forEach(Leases.Pin::close);
            images.list("n").forEach(i -> images.delete("n", List.of(i.name())));
            collector.collect();
            assertThat(here()).isEmpty();
        }
    }

    private static void reach(Descriptor d, Map<Descriptor, Set<Descriptor>> children, Set<Descriptor> reached) {
        if (reached.add(d)) {
            children.getOrDefault(d, Set.of()).forEach(c -> reach(c, children, reached));
        }
    }

    @Test
    void neverTakesAwayWhatWasRetainedBeforeItWasLookedAt() throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            Future<?> collecting = threads.submit(() -> {
                while (!over.get()) {
                    collector.collect();
                }
            });
            List<Future<?>> users = new ArrayList<>();
            for (int t = 0; t < 2; t++) {
                users.add(threads.submit(() -> {
                    for (int i = 0; i < 150; i++) {
                        byte[] b = ("shared " + i % 7).getBytes(StandardCharsets.UTF_8);
                        Descriptor d = Descriptor.of("text/plain", Digest.ofSha256(b), b.length);
                        try (Leases.Pin pin = leases.pin(List.of(Nodes.blob(d.digest())))) {
                            content.put(d, b);
                            assertThat(content.read(d, 100)).isEqualTo(b);
                        }
                    }
                }));
            }
            for (Future<?> u : users) {
                u.get();
            }
            over.set(true);
            collecting.get();
        }
    }
}
