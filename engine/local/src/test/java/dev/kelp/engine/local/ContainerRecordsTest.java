// SPDX-License-Identifier: Apache-2.0
package dev.kelp.engine.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.engine.Containers.EffectiveProcess;
import dev.kelp.engine.local.ContainerRecord.Definition;
import dev.kelp.engine.local.ContainerRecord.Phase;
import dev.kelp.engine.local.ContainerRecord.Run;
import dev.kelp.engine.local.metadata.Database;
import dev.kelp.model.KelpException;
import dev.kelp.model.container.ContainerSpec;
import dev.kelp.model.oci.ImageConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContainerRecordsTest {
    private static ContainerRecord made(String name, Phase phase, long atMillis) {
        Definition definition = new Definition(
                ContainerSpec.ofImage("box"),
                "box",
                null,
                "linux/amd64",
                null,
                null,
                "crun",
                atMillis,
                new EffectiveProcess(List.of("true"), List.of(), "/", "", "SIGTERM"),
                ImageConfig.Execution.EMPTY,
                null);
        return new ContainerRecord("default", name.repeat(8), name, definition, Run.CREATED.in(phase));
    }

    @Test
    void theNewestIsTheOneMadeLastAlsoWhenTheClockWasSetBack(@TempDir Path folder) {
        try (Database database = Database.open(folder.resolve("kelp.db"))) {
            ContainerRecords records = new ContainerRecords(database);
            records.insert(made("first", Phase.CREATED, 2_000_000_000_000L));
            records.insert(made("second", Phase.RUNNING, 1_000_000_000_000L));
            records.insert(made("third", Phase.CREATED, 1_000_000_000_000L));
            records.update(made("first", Phase.EXITED, 2_000_000_000_000L));
            assertThat(records.visible("default"))
                    .extracting(ContainerRecord::name)
                    .containsExactly("third", "second", "first");
            assertThat(records.stoppedIds("default")).containsExactly("third".repeat(8), "first".repeat(8));
            assertThat(records.all()).extracting(ContainerRecord::name).containsExactly("first", "second", "third");
        }
    }

    @Test
    void oneThatCannotBeReadTakesNoOtherWithIt(@TempDir Path folder) {
        try (Database database = Database.open(folder.resolve("kelp.db"))) {
            ContainerRecords records = new ContainerRecords(database);
            records.insert(made("good", Phase.RUNNING, 1));
            records.insert(made("bad", Phase.RUNNING, 2));
            database.write(connection -> {
                try (var s = connection.prepareStatement("UPDATE containers SET definition = ? WHERE name = 'bad'")) {
                    s.setBytes(1, "{\"spec\": 7}".getBytes(StandardCharsets.UTF_8));
                    return s.executeUpdate();
                }
            });
            assertThat(records.readable()).extracting(ContainerRecord::name).containsExactly("good");
            assertThatThrownBy(records::all).hasMessageContaining("the record of container");
            assertThat(records.visible("default")).hasSize(1);
            assertThat(records.running("default")).hasSize(1);
            assertThat(records.ids()).as("its files are kept").contains("bad".repeat(8));
            assertThatThrownBy(() -> records.find("default", "bad"))
                    .isInstanceOf(KelpException.class)
                    .hasMessageContaining("the record of container " + "bad".repeat(8));
        }
    }
}
