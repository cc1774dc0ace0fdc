// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot;

import dev.kelp.model.Mount;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Makes root file systems out of stacked changes. The model is containerd's.
///
/// A snapshot is either *active* (being written), a *view* (read-only) or *committed* (never changes again, may be
/// a parent). Keys and names are strings of the caller's choice in one common space; the caller decides what they
/// mean. Names of committed layers are by custom chain ids, keys of active ones the ids of what uses them.
///
/// ## Importing a layer
/// ```
/// snapshotter.prepare("extract-1", parentChainId, Map.of());
/// LayerTarget target = snapshotter.layerTarget("extract-1");
/// //  … unpack into target.directory(), or mount mounts("extract-1") somewhere and write there, then unmount …
/// snapshotter.commit(chainId, "extract-1", CommitOptions.DEFAULT);
/// ```
/// If anything fails, `remove("extract-1")` and nothing is left. When two callers import the same layer, the second
/// `commit` fails with ALREADY_EXISTS: it removes its own active snapshot and uses the other's. The next layer
/// names this
/// chain id as its parent. Where [#canRebase] holds, all layers may be unpacked at the same time: prepare each
/// without a
/// parent and name the parent only when committing, in order.
///
/// ## Running a container
/// ```
/// List<Mount> mounts = snapshotter.prepare(containerId, topChainId, Map.of());
/// MountTarget.mount(mounts, rootfs);
/// //  … run …
/// MountTarget.unmount(rootfs);
/// snapshotter.remove(containerId);
/// ```
/// The mounts of an active snapshot can be asked for again and again, also after a restart; they are the caller's
/// to make
/// and to undo. Nothing here keeps a mount.
///
/// ## Promises
/// * Each method is atomic to every other caller, and across a crash: a snapshot exists completely or not at all.
///   What
/// a
///   crash leaves on the disk is invisible and removed by [#cleanup].
/// * Unless said otherwise failures are [dev.kelp.model.KelpException] with NOT_FOUND, ALREADY_EXISTS (a key or
///   name in use) or FAILED_PRECONDITION (the snapshot is of the wrong kind or has children).
/// * Methods may be called from any thread; those that touch files block, so not from a virtual one.
/// * Two callers must not write to or commit one active snapshot at a time; nobody commits what is still mounted.
///
/// `SnapshotterContract` in this module's test-jar states all this as tests and is run against each implementation.
public interface Snapshotter {
    /// The longest chain of parents: what overlayfs takes (OVL_MAX_STACK).
    int LAYERS_MAX = 500;

    /// The name users choose it by: `overlayfs`, `native`.
    String name();

    /// Makes an active snapshot of `parent`'s content, or an empty one when `parent` is null.
    ///
    /// @return as [#mounts]
    List<Mount> prepare(String key, @Nullable String parent, Map<String, String> labels);

    /// Like [#prepare], but read-only and never to be committed.
    List<Mount> view(String key, @Nullable String parent, Map<String, String> labels);

    /// The mounts that show this active snapshot or view, to be made one after the other on one directory. Cheap.
    List<Mount> mounts(String key);

    /// Where to write a layer into this active snapshot without mounting it.
    LayerTarget layerTarget(String key);

    /// Where what an active snapshot changed is to be found, for [dev.kelp.snapshot.diff].
    ChangedTree changes(String key);

    /// Turns the active snapshot `key` into the committed `name`; `key` is free afterwards. The usage is measured
    /// now and
    /// kept, which reads the whole change.
    Snapshot.Committed commit(String name, String key, CommitOptions options);

    /// Whether [CommitOptions#parent] may name a parent for a snapshot that was prepared without one.
    boolean canRebase();

    /// Removes an active snapshot, a view, or a committed one without children. The files go last.
    void remove(String name);

    /// As [#remove] for several, which wait for the disk once. Those that are not there are passed over; when one
    /// has
    /// children none is removed.
    void removeAll(Collection<String> names);

    /// What is known of a snapshot, of whichever kind.
    Snapshot stat(String name);

    /// What it occupies without its parents; measured now for an active one, which costs a walk.
    Usage usage(String name);

    /// All snapshots that satisfy `filter`, parents before their children.
    List<Snapshot> list(Predicate<Snapshot> filter);

    /// Removes what crashes left on the disk and no snapshot owns. May run beside everything else; when it is
    /// interrupted the next call goes on.
    ///
    /// @return how many directories were removed
    int cleanup();
}
