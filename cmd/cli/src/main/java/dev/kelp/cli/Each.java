// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli;

import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import java.util.List;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/// Does the same for several names: one that fails does not keep the others from their turn.
public final class Each {
    private Each() {}

    /// What is done for a name.
    public interface Action {
        void accept(String name);
    }

    /// Several failures become one error that names each. One that was cancelled ends it at once.
    public static void of(List<String> names, Action action) {
        Failures failures = new Failures();
        for (String name : names) {
            try {
                action.accept(name);
            } catch (KelpException e) {
                failures.add(e);
            }
        }
        failures.check();
    }

    /// What went wrong with some of several, to be one error.
    public static final class Failures {
        private final StringJoiner messages = new StringJoiner("\n");
        private int count;
        private @Nullable KelpException last;

        /// Nothing went wrong yet.
        public Failures() {}

        public void add(KelpException e) {
            if (e.kind() == ErrorKind.CANCELLED) {
                throw e;
            }
            messages.add(e.getMessage());
            count++;
            last = e;
        }

        /// Fails unless all went well.
        public void check() {
            KelpException e = last;
            if (e != null) {
                throw count == 1 ? e : new KelpException(e.kind(), messages.toString(), e);
            }
        }
    }

    /// The same where it does not matter that there is no such thing.
    public static Action ignoringMissing(boolean ignore, Action action) {
        return name -> {
            try {
                action.accept(name);
            } catch (KelpException e) {
                if (!ignore || e.kind() != ErrorKind.NOT_FOUND) {
                    throw e;
                }
            }
        };
    }

    /// Also prints the name of each that went well, as typed.
    public static int printing(Invocation call, List<String> names, Action action) {
        of(names, name -> {
            action.accept(name);
            call.out().append(name).append('\n');
        });
        return 0;
    }
}
