// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.Images.RegistryOptions;
import dev.kelp.engine.ManifestLists;
import dev.kelp.engine.Progress;
import dev.kelp.engine.UserEnvironment;
import dev.kelp.engine.local.metadata.GarbageCollector;
import dev.kelp.engine.local.metadata.Leases.Lease;
import dev.kelp.engine.local.metadata.ManifestListRecords;
import dev.kelp.engine.local.metadata.ManifestListRecords.Row;
import dev.kelp.engine.local.metadata.Nodes;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.model.Platform;
import dev.kelp.model.Reference;
import dev.kelp.model.oci.Descriptor;
import dev.kelp.registry.DocumentReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The manifest lists of one namespace. What a list names is kept here as manifests only; layers stay where they are.
final class LocalManifestLists implements ManifestLists {
    private final ImageService service;
    private final String namespace;
    private final ManifestListRecords records;

    LocalManifestLists(ImageService service, String namespace) {
        this.service = service;
        this.namespace = namespace;
        this.records = new ManifestListRecords(service.parts().database());
    }

    @Override
    public void create(Reference list, NewList what, UserEnvironment user) {
        if (!what.amend() && find(list).isPresent()) {
            throw exists(list);
        }
        ManifestSource source = new ManifestSource(service, namespace, what.registry(), user);
        Lease lease = service.parts().leases().open(GarbageCollector.PARTIAL_LIFE);
        try {
            List<Row> found = new ArrayList<>();
            for (String image : what.images()) {
                for (ManifestSource.Found f : source.images(image)) {
                    Descriptor d = f.document().descriptor();
                    lease.retain(List.of(Nodes.blob(d.digest())));
                    service.content().put(d, f.document().bytes());
                    found.add(f.row());
                }
            }
            service.content().sync();
            records.change(namespace, list.toString(), before -> {
                if (before != null && !what.amend()) {
                    throw exists(list);
                }
                return merged(list, before == null ? List.of() : before, found);
            });
        } finally {
            lease.release();
        }
    }

    private static KelpException exists(Reference list) {
        return new KelpException(
                        ErrorKind.ALREADY_EXISTS,
                        "create the manifest list `" + list.familiar() + "`: there is one of that name")
                .withHint("use --amend to add to it, or `manifest rm`");
    }

    private static List<Row> merged(Reference list, List<Row> before, List<Row> added) {
        List<Row> all = new ArrayList<>(before);
        for (Row r : added) {
            all.removeIf(b -> b.target().digest().equals(r.target().digest()));
            all.add(r);
        }
        if (all.size() > DocumentReader.INDEX_ENTRIES_MAX) {
            throw new KelpException(
                    ErrorKind.RESOURCE_EXHAUSTED,
                    "the manifest list `" + list.familiar() + "` would have more than "
                            + DocumentReader.INDEX_ENTRIES_MAX + " images");
        }
        return all;
    }

    @Override
    public void annotate(Reference list, String image, Annotation annotation) {
        records.change(namespace, list.toString(), before -> {
            if (before == null) {
                throw missing(list);
            }
            List<Row> now = new ArrayList<>();
            boolean changed = false;
            for (Row r : before) {
                boolean meant = isMeant(r, image);
                changed |= meant;
                now.add(meant ? annotated(r, annotation) : r);
            }
            if (!changed) {
                throw KelpException.notFound(
                        "the manifest list `" + list.familiar() + "` has no image `" + image + "`");
            }
            return now;
        });
    }

    private static boolean isMeant(Row row, String image) {
        return row.target().digest().toString().equals(image)
                || (!image.startsWith("sha256:")
                        && Reference.parse(image).toString().equals(row.source()));
    }

    private static Row annotated(Row r, Annotation a) {
        Platform said = r.target().platform();
        Platform p = said == null ? new Platform("linux", "", null) : said;
        String architecture = a.architecture() == null ? p.architecture() : a.architecture();
        if (architecture.isEmpty()) {
            throw KelpException.invalid("the image `" + r.source() + "` has no architecture")
                    .withHint("give --arch");
        }
        boolean same = p.architecture().equals(architecture);
        String variant = a.variant() == null ? same ? p.variant() : null : a.variant();
        Platform now = new Platform(a.os() == null ? p.os() : a.os(), architecture, variant);
        List<String> features = new ArrayList<>(r.osFeatures());
        a.osFeatures().stream().filter(f -> !features.contains(f)).forEach(features::add);
        String osVersion = a.osVersion() == null ? r.osVersion() : a.osVersion();
        return new Row(r.source(), r.target().withPlatform(now), osVersion, features);
    }

    private static KelpException missing(Reference list) {
        return KelpException.notFound("no such manifest list: `" + list.familiar() + "`");
    }

    @Override
    public List<Reference> names() {
        return records.names(namespace).stream().map(Reference::parse).toList();
    }

    @Override
    public Optional<ManifestList> find(Reference list) {
        return records.find(namespace, list.toString()).map(rows -> {
            List<Entry> entries = rows.stream().map(this::entry).toList();
            return new ManifestList(IndexDocument.of(rows).bytes(), true, entries);
        });
    }

    private Entry entry(Row r) {
        byte[] bytes = service.contents().document(plain(r.target())).bytes();
        return new Entry(Reference.parse(r.source()), r.target(), r.osVersion(), r.osFeatures(), bytes);
    }

    private static Descriptor plain(Descriptor d) {
        return Descriptor.of(d.mediaType(), d.digest(), d.size());
    }

    @Override
    public ManifestList remote(Reference image, boolean entries, RegistryOptions options, UserEnvironment user) {
        ManifestSource source = new ManifestSource(service, namespace, options, user);
        ManifestSource.Top top = source.top(image);
        List<Entry> all = new ArrayList<>();
        if (entries || !top.document().isIndex()) {
            for (ManifestSource.Found f : source.images(top)) {
                all.add(new Entry(
                        Reference.parse(f.row().source()),
                        f.row().target(),
                        f.row().osVersion(),
                        f.row().osFeatures(),
                        f.document().bytes()));
            }
        }
        return new ManifestList(top.document().bytes(), top.document().isIndex(), all);
    }

    @Override
    public Digest push(Reference list, RegistryOptions options, UserEnvironment user, Progress progress) {
        if (list.digest().isPresent()) {
            throw KelpException.invalid("`" + list.familiar() + "` has a digest, so nothing can be pushed to it");
        }
        List<Row> rows = records.find(namespace, list.toString()).orElseThrow(() -> missing(list));
        return new ManifestListPush(service, list, options, user, progress).run(rows);
    }

    @Override
    public boolean remove(Reference list) {
        boolean was = records.delete(namespace, list.toString());
        if (was) {
            service.parts().collector().collect();
        }
        return was;
    }
}
