// SPDX-License-Identifier: Apache-2.0
package dev.kelp.setup.check;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The AppArmor profile that gives Kelp's own program user namespaces and takes nothing away: where AppArmor keeps them
/// from programs without a profile (Ubuntu 23.10 and later), that is the one thing Kelp needs of root. A profile
/// belongs
/// to a program by the program's path, with symbolic links resolved.
///
/// @param program the program's path; in a build's copy with `*` for its hash, so that the next build is meant as well
public record ProgramProfile(String program) {
    /// Where profiles are read from when the machine starts.
    public static final String FOLDER = "/etc/apparmor.d";

    /// The program of the package.
    public static final String PACKAGED = "/usr/lib/kelp/bin/kelp";

    /// AppArmor 4 comes with this file; older ones know no rule about user namespaces, and restrict none.
    public static final String ABI = FOLDER + "/abi/4.0";

    private static final String MARK = "# User namespaces for Kelp,";
    private static final Pattern COPY = Pattern.compile("(.*/runtime/)[0-9a-f]{32}(/bin/kelp)");
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_./@%+:=~-]+");
    private static final Pattern SPECIAL = Pattern.compile("[\\\\\"*?\\[\\]{}]");

    /// @param program what `/proc/self/exe` is
    public static ProgramProfile of(String program) {
        Matcher copy = COPY.matcher(program);
        return new ProgramProfile(copy.matches() ? quoted(copy.group(1)) + "*" + copy.group(2) : quoted(program));
    }

    private static String quoted(String path) {
        return SPECIAL.matcher(path).replaceAll(m -> Matcher.quoteReplacement("\\" + m.group()));
    }

    /// The name of its file, by AppArmor's custom the path with dots.
    public String fileName() {
        return program.substring(1).replace("/*", "").replace('/', '.').replaceAll("[^A-Za-z0-9_.+-]", "_");
    }

    /// `kelp`, or with the path behind it: the profile of containers lets all of them send signals.
    public String name() {
        return program.equals(PACKAGED) ? "kelp" : "kelp." + fileName();
    }

    /// Whether a file that is there is one Kelp wrote, and may be replaced; the package's scripts ask the same.
    public static boolean isGenerated(String text) {
        return text.startsWith(MARK);
    }

    /// What stands in the file.
    public String text() {
        boolean plain = PLAIN.matcher(program.replace("/*/", "/")).matches();
        return """
                # User namespaces for Kelp, which is otherwise unconfined; changes belong into local/%1$s
                abi <abi/4.0>,
                include <tunables/global>

                profile %2$s %3$s flags=(unconfined) {
                  userns,
                  include if exists <local/%1$s>
                }
                """.formatted(fileName(), name(), plain ? program : "\"" + program + "\"");
    }
}
