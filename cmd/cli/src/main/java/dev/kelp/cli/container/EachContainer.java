// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.container;

import dev.kelp.cli.Invocation;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.List;

/// Does the same to several containers: one that fails does not keep the others from their turn.
final class EachContainer {
    private EachContainer() {}

    interface Action {
        void accept(String container) throws InterruptedException;
    }

    /// Prints the name of each that went well, as typed. Several failures become one error that names each.
    static int perform(Invocation call, List<String> names, Action action) throws InterruptedException {
        KelpException failure = null;
        for (String name : names) {
            try {
                action.accept(name);
                call.out().append(name).append('\n');
            } catch (KelpException e) {
                if (e.kind() == ErrorKind.CANCELLED) {
                    throw e;
                }
                if (failure == null) {
                    failure = e;
                } else {
                    failure = new KelpException(e.kind(), failure.getMessage() + "\n" + e.getMessage(), failure);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
        return 0;
    }
}
