// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.copy;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Stat;
import java.util.List;
import java.util.Optional;

/// A directory of one of the two sides. Names are single ones and symbolic links are not followed.
interface Folder extends AutoCloseable {
    List<String> names() throws ErrnoException;

    Optional<Stat> stat(String name) throws ErrnoException;

    /// Opens a file for reading; never waits for a FIFO.
    Fd read(String name) throws ErrnoException;

    String link(String name) throws ErrnoException;

    Folder folder(String name) throws ErrnoException;

    /// A new file in place of what is there, or that one itself, whose content is to be replaced.
    Fd create(String name, int mode) throws ErrnoException;

    /// A folder that may be there already.
    Folder makeFolder(String name, int mode) throws ErrnoException;

    void makeLink(String target, String name) throws ErrnoException;

    /// Gives a file that was written the attributes of another, as far as this side allows.
    void settle(Fd file, Stat like) throws ErrnoException;

    /// The same for a folder of this one once everything is in it.
    void settleFolder(String name, Stat like) throws ErrnoException;

    void settleLink(String name, Stat like) throws ErrnoException;

    /// For messages.
    String path(String name);

    @Override
    void close();
}
