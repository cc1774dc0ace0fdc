// SPDX-License-Identifier: Apache-2.0
package dev.kelp.rules;

import java.util.List;
import java.util.function.Function;

/// What holds of the files of this repository.
enum TidyRule {
    METHODS_ARE_SHORT(JavaChecks::methodLength),
    FILES_ARE_SHORT(TextChecks::fileLength),
    NATIVE_FUNCTIONS_ARE_SHORT(NativeChecks::functionLength),
    LINES_ARE_SHORT(TextChecks::lineLength),
    PARAMETERS_ARE_FEW(JavaChecks::parameters),
    SOURCES_NAME_THEIR_LICENCE(TextChecks::licence),
    NOTHING_IS_LEFT_OPEN(TextChecks::leftOpen),
    SPACES_NOT_TABS(TextChecks::tab),
    NO_PATH_OF_A_MACHINE(TextChecks::machinePath),
    FOLDERS_HAVE_A_MEANING(TextChecks::vagueFolder),
    TYPES_HAVE_A_MEANING(JavaChecks::vagueName),
    /// In the namespace the process' directory is not the user's.
    PATHS_ARE_ABSOLUTE(JavaChecks::relativePath),
    /// In the namespace `user.home` is root's.
    NO_PROPERTIES_OF_THE_USER(JavaChecks::userProperty),
    SKIPS_SAY_WHY(JavaChecks::silentSkip),
    EXPORTED_PACKAGES_EXPLAIN_THEMSELVES(JavaChecks::explainedPackage),
    DOCUMENTS_ARE_SHORT(DocumentChecks::length),
    DOCUMENTS_NAME_WHAT_EXISTS(DocumentChecks::namedThing),
    MODULES_ARE_LISTED(DocumentChecks::module);

    private final Function<SourceTree, List<Finding>> check;

    TidyRule(Function<SourceTree, List<Finding>> check) {
        this.check = check;
    }

    List<Finding> findings(SourceTree tree) {
        return check.apply(tree);
    }
}
