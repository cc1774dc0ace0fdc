// SPDX-License-Identifier: Apache-2.0
package dev.kelp.runtime.spec;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.linux.Stat;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.BlockLimits;
import dev.kelp.model.container.Resources;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JsonGenerator;

/// Writes the `resources` object of the runtime configuration: what a cgroup of version 2 can keep.
record ResourcesJson(JsonGenerator out) {
    void write(Resources r) {
        out.writeStartObject();
        if (r.memoryBytes() != 0 || r.memoryReservationBytes() != 0 || r.memorySwapBytes() != 0) {
            object("memory", () -> {
                number("limit", r.memoryBytes());
                number("reservation", r.memoryReservationBytes());
                number("swap", swap(r));
            });
        }
        cpu(r);
        if (r.pidsLimit() != 0) {
            object("pids", () -> number("limit", r.pidsLimit()));
        }
        blockIo(r);
        if (r.unified() != null && !r.unified().isEmpty()) {
            object("unified", () -> new TreeMap<>(r.unified()).forEach(out::writeStringProperty));
        }
        out.writeEndObject();
    }

    /// As Docker and Podman: a limit on memory alone allows as much swap again.
    private static long swap(Resources r) {
        return r.memorySwapBytes() == 0 && r.memoryBytes() > 0 ? 2 * r.memoryBytes() : r.memorySwapBytes();
    }

    private void cpu(Resources r) {
        if (r.cpuShares() == 0
                && r.cpuQuotaMicros() == 0
                && r.cpuPeriodMicros() == 0
                && r.cpusetCpus() == null
                && r.cpusetMems() == null) {
            return;
        }
        object("cpu", () -> {
            number("shares", r.cpuShares());
            number("quota", r.cpuQuotaMicros());
            number("period", r.cpuPeriodMicros());
            if (r.cpusetCpus() != null) {
                out.writeStringProperty("cpus", r.cpusetCpus());
            }
            if (r.cpusetMems() != null) {
                out.writeStringProperty("mems", r.cpusetMems());
            }
        });
    }

    private void blockIo(Resources r) {
        BlockLimits b = r.blockDevices();
        if (r.blkioWeight() == 0 && b == null) {
            return;
        }
        object("blockIO", () -> {
            number("weight", r.blkioWeight());
            if (b != null) {
                devices("weightDevice", "weight", b.weights());
                devices("throttleReadBpsDevice", "rate", b.readBps());
                devices("throttleWriteBpsDevice", "rate", b.writeBps());
                devices("throttleReadIOPSDevice", "rate", b.readIops());
                devices("throttleWriteIOPSDevice", "rate", b.writeIops());
            }
        });
    }

    private void devices(String name, String value, Map<String, Long> limits) {
        if (limits.isEmpty()) {
            return;
        }
        out.writeName(name);
        out.writeStartArray();
        new TreeMap<>(limits).forEach((path, limit) -> {
            Stat stat = device(path);
            out.writeStartObject();
            out.writeNumberProperty("major", stat.rdevMajor());
            out.writeNumberProperty("minor", stat.rdevMinor());
            out.writeNumberProperty(value, limit);
            out.writeEndObject();
        });
        out.writeEndArray();
    }

    private static Stat device(String path) {
        try {
            Stat stat = Inodes.stat(Fd.CWD, path, 0);
            if (stat.type() == Stat.S_IFBLK) {
                return stat;
            }
        } catch (ErrnoException e) {
            throw e.toKelp("limit the device `" + path + "`");
        }
        throw KelpException.invalid("limit the device `" + path + "`: it is no block device");
    }

    private void object(String name, Runnable content) {
        out.writeName(name);
        out.writeStartObject();
        content.run();
        out.writeEndObject();
    }

    private void number(String name, long value) {
        if (value != 0) {
            out.writeNumberProperty(name, value);
        }
    }
}
