// SPDX-License-Identifier: Apache-2.0
package dev.kelp.cli.shell;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ContainerdWordsTest {
    private static List<String> words(String line) {
        List<String> words = new ArrayList<>();
        for (String word : line.strip().split(" +")) {
            words.add(word.equals("\"\"") ? "" : word);
        }
        return words;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            images pull a/b:1                                | pull a/b:1
            -n k8s.io i pull --plain-http x                  | --namespace k8s.io pull --insecure-registry x
            --namespace=x images ls -q                       | --namespace x images --names --format={{.Name}}
            image list                                       | images --names
            images import --platform linux/amd64 a.tar       | load --platform=linux/amd64 --input=a.tar
            i import -                                       | load
            images export a.tar x y                          | save --output=a.tar x y
            run -t --rm --fifo-dir /tmp/f --cgroup "" i foo  | run --tty --rm --net=none @foo i
            run -d --net-host i foo sleep -d 1 | run --detach --net=host --pull=never --name=foo i sleep -d 1
            run --cni --runc-systemd-cgroup i foo            | run @foo i
            run --env A=1 --cwd=/x i foo                     | run --env=A=1 --workdir=/x --net=none @foo i
            run --mount src=/a,options=ro:slave i f | run --mount=src=/a,readonly,bind-propagation=slave --net=none @f i
            c create i foo                                   | create --net=none --pull=never --name=foo i
            c ls -q                                          | ps --all --quiet
            t kill -s KILL foo                               | kill --signal=KILL foo
            tasks exec --exec-id e1 -t foo sh                | exec --tty --interactive foo sh
            task rm -f foo                                   | rm --force foo
            tasks resume foo                                 | unpause foo
            plugins ls                                       | system plugins
            ns ls                                            | namespace ls
            version                                          | version
            """)
    void saysTheSame(String theirs, String ours) {
        // what every `run` in the foreground has
        String whole = ours.replaceFirst("@(\\w+)", "--interactive --pull=never --name=$1");
        assertThat(ContainerdWords.translate(words(theirs))).isEqualTo(words(whole));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            snapshots ls          | no equivalent
            images mount x        | no equivalent
            images                | no equivalent
            images import         | name a file
            run --nonsense i x    | unknown flag: --nonsense
            run i                 | name an image
            run --env             | flag needs an argument: --env
            --nonsense images ls  | unknown flag: --nonsense
            -n                    | flag needs an argument: -n
            help                  | no command of ctr
            run --mount type=bind,options=odd i x | unknown option `odd`
            """)
    void refusesTheRest(String theirs, String why) {
        assertThatThrownBy(() -> ContainerdWords.translate(words(theirs)))
                .isInstanceOf(KelpException.class)
                .hasMessageContaining(why);
    }
}
