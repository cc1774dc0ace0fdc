// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import dev.kelp.model.IdMapping;
import dev.kelp.model.container.Resources;
import dev.kelp.model.oci.OciJson;
import dev.kelp.rootless.CgroupAccess;
import dev.kelp.runtime.spec.ContainerMounts.OciMount;
import dev.kelp.runtime.spec.OciSpec.ProcessConfig;
import dev.kelp.runtime.spec.OciSpec.ResourceLimit;
import java.io.ByteArrayOutputStream;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/// Writes the runtime configuration's JSON, value by value: no tree is built.
final class SpecJson {
    private static final String VERSION = "1.0.2";

    private final JsonGenerator out;

    record Config(
            ProcessConfig process,
            SpecInputs inputs,
            List<OciMount> mounts,
            Map<String, String> namespaces,
            Map<String, String> sysctls,
            Map<String, String> annotations,
            @Nullable Resources resources,
            @Nullable String seccomp) {}

    private SpecJson(JsonGenerator out) {
        this.out = out;
    }

    static byte[] config(Config config) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(32 << 10);
        try (JsonGenerator out = OciJson.mapper().createGenerator(bytes)) {
            new SpecJson(out).write(config);
        }
        return bytes.toByteArray();
    }

    static byte[] resources(Resources resources) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator out = OciJson.mapper().createGenerator(bytes)) {
            new ResourcesJson(out).write(resources);
        }
        return bytes.toByteArray();
    }

    static byte[] process(ProcessConfig process) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(4 << 10);
        try (JsonGenerator out = OciJson.mapper().createGenerator(bytes)) {
            new SpecJson(out).write(process);
        }
        return bytes.toByteArray();
    }

    private void write(Config c) {
        SpecInputs in = c.inputs();
        out.writeStartObject();
        out.writeStringProperty("ociVersion", VERSION);
        out.writeName("process");
        write(c.process());
        out.writeName("root");
        out.writeStartObject();
        out.writeStringProperty("path", in.rootfs().toString());
        if (in.spec().security().readOnlyRootfs()) {
            out.writeBooleanProperty("readonly", true);
        }
        out.writeEndObject();
        if (c.namespaces().containsKey("uts") && !in.joined().containsKey("uts")) {
            out.writeStringProperty("hostname", in.hostname());
            String domain = in.spec().isolation().domainname();
            if (domain != null && !domain.isEmpty()) {
                out.writeStringProperty("domainname", domain);
            }
        }
        out.writeName("mounts");
        out.writeStartArray();
        for (OciMount m : c.mounts()) {
            out.writeStartObject();
            out.writeStringProperty("destination", m.target());
            out.writeStringProperty("type", m.type());
            out.writeStringProperty("source", m.source());
            strings("options", m.options());
            out.writeEndObject();
        }
        out.writeEndArray();
        map("annotations", c.annotations());
        out.writeName("linux");
        linux(c);
        out.writeEndObject();
    }

    private void linux(Config c) {
        SpecInputs in = c.inputs();
        out.writeStartObject();
        out.writeName("namespaces");
        out.writeStartArray();
        c.namespaces().forEach((type, path) -> {
            out.writeStartObject();
            out.writeStringProperty("type", type);
            if (!path.isEmpty()) {
                out.writeStringProperty("path", path);
            }
            out.writeEndObject();
        });
        out.writeEndArray();
        if (in.ids() != null) {
            idMap("uidMappings", in.ids().uids());
            idMap("gidMappings", in.ids().gids());
        }
        map("sysctl", c.sysctls());
        if (in.cgroups().driver() != CgroupAccess.Driver.DISABLED) {
            out.writeStringProperty("cgroupsPath", cgroupsPath(in));
        }
        if (c.resources() != null) {
            out.writeName("resources");
            new ResourcesJson(out).write(c.resources());
        }
        String rdtClass = in.spec().resources().rdtClass();
        if (rdtClass != null) {
            out.writeName("intelRdt");
            out.writeStartObject();
            out.writeStringProperty("closID", rdtClass);
            out.writeEndObject();
        }
        strings("maskedPaths", OciSpec.maskedPaths(in));
        strings("readonlyPaths", OciSpec.readOnlyPaths(in));
        String propagation = ContainerMounts.rootPropagation(c.mounts());
        if (!propagation.isEmpty()) {
            out.writeStringProperty("rootfsPropagation", propagation);
        }
        if (c.seccomp() != null) {
            out.writeName("seccomp");
            out.writeRawValue(withListener(c.seccomp(), in));
        }
        out.writeEndObject();
    }

    /// A profile's text is what its compiled filter is found by, so the listener is no part of it.
    private static String withListener(String seccomp, SpecInputs in) {
        if (in.seccompListener() == null) {
            return seccomp;
        }
        return "{\"listenerPath\":"
                + OciJson.mapper().writeValueAsString(in.seccompListener().toString())
                + ",\"listenerMetadata\":" + OciJson.mapper().writeValueAsString(in.id()) + ","
                + seccomp.substring(1);
    }

    private void idMap(String name, List<IdMapping> lines) {
        out.writeName(name);
        out.writeStartArray();
        for (IdMapping m : lines) {
            out.writeStartObject();
            out.writeNumberProperty("containerID", m.inside());
            out.writeNumberProperty("hostID", m.outside());
            out.writeNumberProperty("size", m.count());
            out.writeEndObject();
        }
        out.writeEndArray();
    }

    private static String cgroupsPath(SpecInputs in) {
        String parent = in.spec().resources().cgroupParent();
        if (in.cgroups().driver() == CgroupAccess.Driver.SYSTEMD) {
            return (parent == null ? "user.slice" : parent) + ":kelp:" + in.id();
        }
        String own = in.cgroups().path();
        String below = parent == null ? "" : parent.replaceAll("^/+|/+$", "") + "/";
        return (own.endsWith("/") ? own : own + "/") + below + "kelp-" + in.id();
    }

    private void write(ProcessConfig p) {
        out.writeStartObject();
        out.writeBooleanProperty("terminal", p.terminal());
        if (p.terminal() && p.rows() > 0 && p.columns() > 0) {
            out.writeName("consoleSize");
            out.writeStartObject();
            out.writeNumberProperty("height", p.rows());
            out.writeNumberProperty("width", p.columns());
            out.writeEndObject();
        }
        out.writeName("user");
        out.writeStartObject();
        out.writeNumberProperty("uid", p.user().uid());
        out.writeNumberProperty("gid", p.user().gid());
        out.writeNumberProperty("umask", p.umask());
        if (!p.user().groups().isEmpty()) {
            out.writeName("additionalGids");
            out.writeStartArray();
            p.user().groups().forEach(g -> out.writeNumber(g.longValue()));
            out.writeEndArray();
        }
        out.writeEndObject();
        strings("args", p.arguments());
        strings("env", p.environment());
        out.writeStringProperty("cwd", p.workdir());
        capabilities(p);
        limits(p.limits());
        out.writeBooleanProperty("noNewPrivileges", p.noNewPrivileges());
        if (p.apparmor() != null && !p.apparmor().isEmpty()) {
            out.writeStringProperty("apparmorProfile", p.apparmor());
        }
        if (p.oomScoreAdj() != null) {
            out.writeNumberProperty("oomScoreAdj", p.oomScoreAdj());
        }
        out.writeEndObject();
    }

    /// None is inheritable: a program with file capabilities would otherwise pass more on than Docker's does.
    private void capabilities(ProcessConfig p) {
        List<String> names = p.capabilities().stream().map(Enum::name).toList();
        out.writeName("capabilities");
        out.writeStartObject();
        strings("bounding", names);
        strings("effective", names);
        strings("permitted", names);
        out.writeEndObject();
    }

    private void limits(List<ResourceLimit> limits) {
        out.writeName("rlimits");
        out.writeStartArray();
        for (ResourceLimit l : limits) {
            out.writeStartObject();
            out.writeStringProperty("type", "RLIMIT_" + l.name().toUpperCase(Locale.ROOT));
            unsigned("hard", l.hard());
            unsigned("soft", l.soft());
            out.writeEndObject();
        }
        out.writeEndArray();
    }

    private void unsigned(String name, long value) {
        out.writeName(name);
        out.writeNumber(Long.toUnsignedString(value));
    }

    private void strings(String name, Collection<String> values) {
        out.writeName(name);
        out.writeStartArray();
        values.forEach(out::writeString);
        out.writeEndArray();
    }

    private void map(String name, Map<String, String> values) {
        if (values.isEmpty()) {
            return;
        }
        out.writeName(name);
        out.writeStartObject();
        values.forEach(out::writeStringProperty);
        out.writeEndObject();
    }
}
