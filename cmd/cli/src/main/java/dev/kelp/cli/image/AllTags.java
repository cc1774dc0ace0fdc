// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.image;

import dev.kelp.model.KelpException;
import dev.kelp.model.Reference;

/// The repository that `--all-tags` means.
final class AllTags {
    private AllTags() {}

    /// The repository as typed, which must have neither tag nor digest.
    static Reference repository(String typed) {
        if (typed.indexOf('@') >= 0 || typed.lastIndexOf(':') > typed.lastIndexOf('/')) {
            throw KelpException.invalid("tag can't be used with --all-tags/-a");
        }
        return Reference.parse(typed);
    }
}
