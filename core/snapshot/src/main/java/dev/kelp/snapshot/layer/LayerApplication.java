// SPDX-License-Identifier: Apache-2.0
package dev.kelp.snapshot.layer;

import dev.kelp.linux.ErrnoException;
import dev.kelp.linux.Fd;
import dev.kelp.linux.Inodes;
import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import dev.kelp.snapshot.LayerTarget;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;

/// Applies compressed layers to directories: decompresses on one thread, hashes on another, unpacks on the
/// caller's. Holds no state between layers; several may be applied at a time, each costs two threads and about 2.5
/// MB.
public final class LayerApplication {
    private static final int UNPACK = 0;
    private static final int HASH = 1;

    private final UnpackPolicy policy;

    public LayerApplication(UnpackPolicy policy) {
        this.policy = policy;
    }

    /// Unpacks a layer into `target`, taking over what is needed from its parents. The caller compares the diff id
    /// with the image's before it commits. Blocks: call it on a platform thread.
    ///
    /// @param compressed is read to its end and closed, also on failure
    /// @param mediaType what the manifest says; only used to refuse what cannot be read
    /// @throws KelpException INVALID_ARGUMENT, UNSUPPORTED, DATA_LOSS, RESOURCE_EXHAUSTED as
    ///     [LayerUnpacker#unpack]; CANCELLED when the thread is interrupted; the target then holds part of the
    ///     layer and is to be removed
    public UnpackedLayer apply(InputStream compressed, String mediaType, LayerTarget target) {
        UnpackedLayer layer = applyAlone(compressed, mediaType, target);
        inherit(layer, target.directory(), target.parents());
        return layer;
    }

    /// As [#apply], before the parents are there: [#inherit] has to follow.
    public UnpackedLayer applyAlone(InputStream compressed, String mediaType, LayerTarget target) {
        try (compressed;
                Fd root = Inodes.open(
                        target.directory().toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY | Inodes.O_NOFOLLOW)) {
            Decompression.checkMediaType(mediaType);
            return new Run(compressed, root, target.deletions()).run();
        } catch (ErrnoException e) {
            throw e.toKelp("unpack layer into `" + target.directory() + "`");
        } catch (IOException e) {
            throw new KelpException(ErrorKind.UNAVAILABLE, "read layer: " + e, e);
        }
    }

    /// Completes a layer from its parents' directories, nearest first: owners and modes of directories the tar only
    /// implied, hard links to files of a parent. Almost always there is nothing to do.
    public void inherit(UnpackedLayer layer, Path directory, List<Path> parents) {
        if (layer.pending().isEmpty()) {
            return;
        }
        try (ParentLayers below = new ParentLayers(parents);
                Fd root = Inodes.open(directory.toString(), Inodes.O_RDONLY | Inodes.O_DIRECTORY)) {
            below.give(layer.pending(), root);
        } catch (ErrnoException e) {
            throw e.toKelp("complete layer `" + directory + "` from those below");
        }
    }

    /// One layer on its three threads.
    private final class Run {
        private final InputStream compressed;
        private final Fd root;
        private final LayerTarget.Deletions deletions;
        private final BlockPipe pipe = new BlockPipe(2);
        private final MessageDigest sha256 = Digest.newSha256();
        private long compressedBytes;
        private long uncompressedBytes;

        Run(InputStream compressed, Fd root, LayerTarget.Deletions deletions) {
            this.compressed = compressed;
            this.root = root;
            this.deletions = deletions;
        }

        UnpackedLayer run() throws IOException {
            Thread producer = start("layer-decompress", this::produce);
            Thread hasher = start("layer-digest", this::hash);
            try (LayerUnpacker unpacker = new LayerUnpacker(root, deletions, policy)) {
                unpack(unpacker);
                producer.join();
                hasher.join();
                // a failure of either that came after the archive's end
                pipe.reader(UNPACK).next();
                return new UnpackedLayer(
                        Digest.finish("sha256", sha256.digest()),
                        compressedBytes,
                        uncompressedBytes,
                        unpacker.report(),
                        unpacker.pending());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new KelpException(ErrorKind.CANCELLED, "unpacking was interrupted", e);
            } finally {
                end(producer, hasher);
            }
        }

        private void unpack(LayerUnpacker unpacker) throws IOException {
            BlockPipe.Reader blocks = pipe.reader(UNPACK);
            unpacker.unpack(blocks);
            while (blocks.next() != null) {
                // padding, which belongs to the diff id
            }
        }

        private Thread start(String name, Runnable work) {
            return Thread.ofPlatform().daemon().name(name).start(work);
        }

        /// Whatever happened, nobody uses the blocks after this. A thread that reads the stream is woken by its
        /// end or
        /// by the interruption: one that still connects to a registry has nothing to be closed.
        private void end(Thread producer, Thread hasher) throws IOException {
            pipe.fail(new KelpException(ErrorKind.CANCELLED, "unpacking has ended"));
            if (producer.isAlive()) {
                producer.interrupt();
                compressed.close();
            }
            boolean interrupted = Thread.interrupted();
            while (producer.isAlive() || hasher.isAlive()) {
                try {
                    producer.join();
                    hasher.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
            pipe.close();
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }

        private void produce() {
            try (CompressedInput in = new CompressedInput(compressed);
                    Decoder decoder = Decompression.decoder(in, policy.limits())) {
                for (ByteBuffer block = pipe.acquire(); block != null; block = pipe.acquire()) {
                    decoder.decode(block);
                    int length = block.position();
                    uncompressedBytes += length;
                    if (uncompressedBytes > policy.limits().uncompressedBytes()) {
                        throw Decompression.tooLarge(policy.limits());
                    }
                    pipe.publish(length);
                    if (block.hasRemaining()) {
                        compressedBytes = in.totalBytes();
                        pipe.finish();
                        return;
                    }
                }
            } catch (IOException | InterruptedException | RuntimeException | Error e) {
                pipe.fail(e);
            }
        }

        private void hash() {
            try {
                BlockPipe.Reader blocks = pipe.reader(HASH);
                for (ByteBuffer b = blocks.next(); b != null; b = blocks.next()) {
                    sha256.update(b);
                }
            } catch (IOException | RuntimeException | Error e) {
                pipe.fail(e);
            }
        }
    }
}
