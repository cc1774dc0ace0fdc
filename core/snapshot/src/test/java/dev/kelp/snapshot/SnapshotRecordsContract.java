// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What every [SnapshotRecords] promises.
public abstract class SnapshotRecordsContract {
    private static final Instant WHEN = Instant.parse("2026-01-02T03:04:05.678Z");

    private SnapshotRecords records;

    protected SnapshotRecordsContract() {}

    /// Fresh, empty records.
    protected abstract SnapshotRecords open();

    @BeforeEach
    void openRecords() {
        records = open();
    }

    private Snapshot.Active active(String name, String parent) {
        return new Snapshot.Active(
                name, records.allocateId(), Optional.ofNullable(parent), WHEN, Map.of("label", "of " + name));
    }

    private Snapshot.Committed committed(String key, String name, String parent) {
        Snapshot.Active active = active(key, parent);
        records.insert(active);
        Snapshot.Committed c = new Snapshot.Committed(
                name, active.id(), active.parent(), WHEN, Map.of("k", "v", "é", "€"), new Usage(4096, 7));
        records.commit(key, c);
        return c;
    }

    static void assertKind(ErrorKind kind, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        KelpException.class, e -> assertThat(e.kind()).isEqualTo(kind));
    }

    @Test
    void idsAreNeverGivenTwice() throws Exception {
        Set<Long> ids = new HashSet<>();
        Callable<List<Long>> some = () ->
                java.util.stream.Stream.generate(records::allocateId).limit(50).toList();
        try (ExecutorService pool = Executors.newFixedThreadPool(4)) {
            for (Future<List<Long>> f : pool.invokeAll(List.of(some, some, some, some))) {
                ids.addAll(f.get());
            }
        }
        assertThat(ids).hasSize(200).allMatch(id -> id > 0);
        Snapshot.Active a = active("a", null);
        records.insert(a);
        records.remove("a");
        assertThat(records.allocateId()).isGreaterThan(a.id());
    }

    @Test
    void whatWasInsertedIsFoundAsItWas() {
        Snapshot.Committed base = committed("key", "base", null);
        Snapshot.Active active = active("container", "base");
        Snapshot.View view = new Snapshot.View("view", records.allocateId(), Optional.of("base"), WHEN, Map.of());
        records.insert(active);
        records.insert(view);
        assertThat(records.find("base")).contains(base);
        assertThat(records.find("container")).contains(active);
        assertThat(records.find("view")).contains(view);
        assertThat(records.find("key")).isEmpty();
        assertThat(records.all()).containsExactlyInAnyOrder(base, active, view);
        assertThat(records.children("base")).containsExactlyInAnyOrder("container", "view");
    }

    @Test
    void insertRefusesWhatDoesNotFit() {
        Snapshot.Committed base = committed("key", "base", null);
        records.insert(active("a", null));
        assertKind(ErrorKind.ALREADY_EXISTS, () -> records.insert(active("a", null)));
        assertKind(ErrorKind.ALREADY_EXISTS, () -> records.insert(active("base", null)));
        assertKind(ErrorKind.NOT_FOUND, () -> records.insert(active("b", "missing")));
        assertKind(ErrorKind.FAILED_PRECONDITION, () -> records.insert(active("b", "a")));
        assertKind(
                ErrorKind.INVALID_ARGUMENT,
                () -> records.insert(
                        new Snapshot.Committed("c", base.id() + 100, Optional.empty(), WHEN, Map.of(), Usage.NONE)));
        assertThat(records.all()).extracting(Snapshot::name).containsExactlyInAnyOrder("base", "a");
    }

    @Test
    void commitReplacesTheActiveSnapshotAtOnceOrNotAtAll() {
        Snapshot.Active a = active("a", null);
        records.insert(a);
        Snapshot.Active b = active("b", null);
        records.insert(b);
        Snapshot.Committed c = new Snapshot.Committed("c", a.id(), Optional.empty(), WHEN, Map.of(), Usage.NONE);
        records.commit("a", c);
        assertThat(records.all()).containsExactlyInAnyOrder(b, c);
        Snapshot.Committed again = new Snapshot.Committed("c", b.id(), Optional.empty(), WHEN, Map.of(), Usage.NONE);
        assertKind(ErrorKind.ALREADY_EXISTS, () -> records.commit("b", again));
        assertKind(ErrorKind.NOT_FOUND, () -> records.commit("a", again));
        assertKind(
                ErrorKind.FAILED_PRECONDITION,
                () -> records.commit(
                        "c", new Snapshot.Committed("d", c.id(), Optional.empty(), WHEN, Map.of(), Usage.NONE)));
        assertKind(
                ErrorKind.NOT_FOUND,
                () -> records.commit(
                        "b", new Snapshot.Committed("d", b.id(), Optional.of("missing"), WHEN, Map.of(), Usage.NONE)));
        assertThat(records.all()).containsExactlyInAnyOrder(b, c);
        Snapshot.Committed rebased = new Snapshot.Committed("d", b.id(), Optional.of("c"), WHEN, Map.of(), Usage.NONE);
        records.commit("b", rebased);
        assertThat(records.find("d")).contains(rebased);
        assertThat(records.children("c")).containsExactly("d");
    }

    @Test
    void removeSparesParents() {
        committed("k", "base", null);
        committed("k", "top", "base");
        assertKind(ErrorKind.FAILED_PRECONDITION, () -> records.remove("base"));
        assertKind(ErrorKind.NOT_FOUND, () -> records.remove("missing"));
        assertThat(records.remove("top").name()).isEqualTo("top");
        assertThat(records.remove("base").name()).isEqualTo("base");
        assertThat(records.all()).isEmpty();
    }

    @Test
    void removeAllIsAllOrNothingAndPassesOverWhatIsNotThere() {
        committed("k", "base", null);
        records.insert(active("a", "base"));
        records.insert(active("b", "base"));
        assertKind(ErrorKind.FAILED_PRECONDITION, () -> records.removeAll(List.of("a", "base")));
        assertThat(records.all()).extracting(Snapshot::name).containsExactlyInAnyOrder("base", "a", "b");
        assertThat(records.removeAll(List.of("b", "missing", "a")))
                .extracting(Snapshot::name)
                .containsExactlyInAnyOrder("b", "a");
        assertThat(records.all()).extracting(Snapshot::name).containsExactly("base");
    }

    @Test
    void oneOfTwoCommitsOfOneNameWins() throws Exception {
        for (int i = 0; i < 20; i++) {
            String name = "layer" + i;
            List<Callable<Boolean>> both = List.of(race(name, "x" + i), race(name, "y" + i));
            try (ExecutorService pool = Executors.newFixedThreadPool(2)) {
                int wins = 0;
                for (Future<Boolean> f : pool.invokeAll(both)) {
                    wins += f.get() ? 1 : 0;
                }
                assertThat(wins).isEqualTo(1);
            }
        }
    }

    private Callable<Boolean> race(String name, String key) {
        Snapshot.Active a = active(key, null);
        records.insert(a);
        return () -> {
            try {
                records.commit(key, new Snapshot.Committed(name, a.id(), Optional.empty(), WHEN, Map.of(), Usage.NONE));
                return true;
            } catch (KelpException e) {
                assertThat(e.kind()).isEqualTo(ErrorKind.ALREADY_EXISTS);
                return false;
            }
        };
    }
}
