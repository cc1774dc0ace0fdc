// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

/// Takes a page of help, part by part, in the form in which it is read: at a terminal, or as a manual page.
public interface PageWriter {
    /// Begins the page.
    ///
    /// @param words the command with its group and the program's name: `kelp image ls`
    void begin(String words, String summary);

    void section(String heading);

    void paragraph(String text);

    /// What something is: a flag, a command, an exit code.
    void entry(String term, String text);

    /// A line to type, as it is.
    void example(String line);

    /// Ends the page with where to look for more.
    void end(String text);
}
