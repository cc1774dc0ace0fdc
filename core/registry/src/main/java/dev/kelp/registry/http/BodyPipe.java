// SPDX-License-Identifier: Apache-2.0
package dev.kelp.registry.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// A response body, handed buffer by buffer from the HTTP client's thread to one reader without copying. At most
/// [#BATCHES_AHEAD] deliveries wait unread. The JDK delivers 16 KiB at a time unless the system property
/// `jdk.httpclient.bufsize` says otherwise; with 131072, which costs 1 MiB per transfer, it is three times as fast.
public final class BodyPipe implements HttpResponse.BodySubscriber<BodyPipe>, AutoCloseable {
    static final int BATCHES_AHEAD = 8;

    private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
    private final Queue<ByteBuffer> current = new ArrayDeque<>();
    private final AtomicBoolean subscribed = new AtomicBoolean();
    private final AtomicBoolean finished = new AtomicBoolean();
    private volatile Flow.@Nullable Subscription subscription;
    private volatile Cancellation.@Nullable Registration registration;
    private @Nullable Event last;

    BodyPipe() {}

    private sealed interface Event {
        record Data(List<ByteBuffer> buffers) implements Event {}

        record End(@Nullable Throwable failure) implements Event {}
    }

    @Override
    public CompletionStage<BodyPipe> getBody() {
        return CompletableFuture.completedStage(this);
    }

    @Override
    public void onSubscribe(Flow.Subscription s) {
        if (!subscribed.compareAndSet(false, true)) {
            s.cancel();
            return;
        }
        subscription = s;
        if (finished.get()) {
            s.cancel();
        } else {
            s.request(BATCHES_AHEAD);
        }
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        events.add(new Event.Data(buffers));
    }

    @Override
    public void onError(Throwable failure) {
        finished.set(true);
        events.add(new Event.End(failure));
    }

    @Override
    public void onComplete() {
        finished.set(true);
        events.add(new Event.End(null));
    }

    void endOn(Cancellation cancellation) {
        registration = cancellation.onCancel(() -> {
            events.add(new Event.End(new IOException("cancelled")));
            cancelSubscription();
        });
    }

    /// The next bytes, never an empty buffer; null at the end of the body. The buffer is the caller's.
    ///
    /// @throws HttpTimeoutException when no byte came for `stall`
    /// @throws IOException when the connection broke
    public @Nullable ByteBuffer next(Duration stall) throws IOException {
        while (true) {
            ByteBuffer buffer = current.poll();
            if (buffer != null) {
                if (buffer.hasRemaining()) {
                    return buffer;
                }
                continue;
            }
            switch (await(stall)) {
                case Event.Data(List<ByteBuffer> buffers) -> {
                    current.addAll(buffers);
                    Flow.Subscription s = subscription;
                    if (s != null) {
                        s.request(1);
                    }
                }
                case Event.End(Throwable failure)
                when failure != null -> throw new IOException("the connection broke: " + failure.getMessage(), failure);
                case Event.End end -> {
                    return null;
                }
            }
        }
    }

    private Event await(Duration stall) throws IOException {
        if (last != null) {
            return last;
        }
        try {
            Event event = events.poll(stall.toNanos(), TimeUnit.NANOSECONDS);
            if (event == null) {
                throw new HttpTimeoutException("no byte came for " + stall.toMillis() + " ms");
            }
            if (event instanceof Event.End) {
                last = event;
            }
            return event;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Cancellation.interrupted();
        }
    }

    /// The whole body, or its first `limitBytes + 1` bytes when it is longer: the caller checks the length.
    public byte[] readUpTo(int limitBytes, Duration stall) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream(Math.min(limitBytes, 16 << 10));
        for (ByteBuffer b = next(stall); b != null; b = next(stall)) {
            int take = Math.min(b.remaining(), limitBytes + 1 - out.size());
            byte[] part = new byte[take];
            b.get(part);
            out.writeBytes(part);
            if (out.size() > limitBytes) {
                break;
            }
        }
        return out.toByteArray();
    }

    /// Says that all bytes the headers promised were read: the connection stays usable for the next request.
    public void release() {
        unregister();
    }

    /// Gives up what was not read yet, and with it the connection unless the body had ended.
    @Override
    public void close() {
        unregister();
        if (!finished.getAndSet(true)) {
            cancelSubscription();
        }
    }

    private void unregister() {
        Cancellation.Registration r = registration;
        if (r != null) {
            r.close();
        }
    }

    private void cancelSubscription() {
        Flow.Subscription s = subscription;
        if (s != null) {
            s.cancel();
        }
    }
}
