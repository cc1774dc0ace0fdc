// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Files that are mapped into this process (proc_pid_smaps(5), madvise(2)).
public final class MappedFiles {
    private static final int MADV_DONTNEED = 4;

    /// `START-END PERMISSIONS OFFSET DEVICE INODE   PATH`, of mappings that cannot be written.
    private static final Pattern READ_ONLY =
            Pattern.compile("(\\p{XDigit}+)-(\\p{XDigit}+) r-[-x][ps] \\S+ \\S+ \\d+ +(/.*)");

    private static final Pattern ANY = Pattern.compile("\\p{XDigit}+-\\p{XDigit}+ .*");
    private static final Pattern NO_COPIES = Pattern.compile("Anonymous: +0 kB");

    private record Mapping(long start, long length) {}

    private final List<Mapping> mappings;

    private MappedFiles(List<Mapping> mappings) {
        this.mappings = mappings;
    }

    /// Finds the files this process has mapped for reading only.
    ///
    /// A mapping with pages of its own is left out, as relocated ones have: they would be read from the file again.
    ///
    /// @param which says of a file's path whether its mappings may be forgotten; such a file must not be mapped
    /// anew or
    ///     get other permissions from now on, as libraries do while they are loaded
    public static MappedFiles readOnly(Predicate<String> which) throws IOException {
        List<Mapping> found = new ArrayList<>();
        Mapping mapping = null;
        for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            if (ANY.matcher(line).matches()) {
                Matcher header = READ_ONLY.matcher(line);
                mapping = header.matches() && which.test(header.group(3)) ? mapping(header) : null;
            } else if (mapping != null && NO_COPIES.matcher(line).matches()) {
                found.add(mapping);
            }
        }
        return new MappedFiles(List.copyOf(found));
    }

    /// Lets this process forget the pages of the files. They stay in the page cache and come back when they are
    /// touched; what they count in the process' resident and proportional size ends.
    ///
    /// Each page that is touched brings up to sixteen with it, so this does nothing but the system calls: what else
    /// ran here would be mapped again at once.
    ///
    /// @return the bytes of address space it was done to
    public long forget() throws ErrnoException {
        long bytes = 0;
        for (Mapping mapping : mappings) {
            Libc.check(Libc.call(Syscall.MADVISE, mapping.start, mapping.length, MADV_DONTNEED), "madvise", "mapping");
            bytes += mapping.length;
        }
        return bytes;
    }

    private static Mapping mapping(Matcher header) {
        long start = Long.parseUnsignedLong(header.group(1), 16);
        return new Mapping(start, Long.parseUnsignedLong(header.group(2), 16) - start);
    }
}
