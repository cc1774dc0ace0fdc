// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local.image;

import dev.kelp.engine.Images.PullOptions;
import dev.kelp.model.Reference;
import java.nio.file.Path;

/// A process that pulls and tells each step on a line, to be killed: `PullProcess DATA REFERENCE`.
final class PullProcess {
    private PullProcess() {}

    public static void main(String[] arguments) {
        Path data = Path.of(arguments[0]);
        try (TestEngine engine = new TestEngine(data)) {
            engine.collector.recover();
            engine.images.pull(
                    Reference.parse(arguments[1]), PullOptions.DEFAULT, new TestUser(data.resolve("user")), u -> {
                        synchronized (PullProcess.class) {
                            System.out.println(u.state() + " " + u.key());
                        }
                    });
            System.out.println("END");
        }
    }
}
