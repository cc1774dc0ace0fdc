// SPDX-License-Identifier: Apache-2.0
package dev.kelp.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kelp.model.KelpException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class EpollRequestsTest {
    private static List<Long> await(Epoll epoll, int millis) throws ErrnoException {
        List<Long> keys = new ArrayList<>();
        epoll.await(millis, (key, events) -> keys.add(key));
        return keys;
    }

    @Test
    void workIsToldOfAndDoneOnceInItsOrder() throws ErrnoException {
        try (Epoll epoll = Epoll.create();
                EpollRequests requests = new EpollRequests(epoll)) {
            List<Integer> done = new ArrayList<>();
            requests.add(() -> done.add(1));
            requests.add(() -> done.add(2));
            assertThat(await(epoll, -1)).containsExactly(EpollRequests.KEY);
            requests.drain();
            requests.run();
            requests.run();
            assertThat(done).containsExactly(1, 2);
            assertThat(await(epoll, 0)).isEmpty();
        }
    }

    @Test
    void anotherThreadWakesTheOneThatWaits() throws Exception {
        try (Epoll epoll = Epoll.create();
                EpollRequests requests = new EpollRequests(epoll)) {
            Thread other = Thread.ofPlatform().start(requests::end);
            assertThat(await(epoll, -1)).containsExactly(EpollRequests.KEY);
            assertThat(requests.hasEnded()).isTrue();
            assertThatThrownBy(() -> requests.add(() -> {})).isInstanceOf(KelpException.class);
            other.join();
        }
    }
}
