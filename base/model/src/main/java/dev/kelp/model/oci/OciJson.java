// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.oci;

import dev.kelp.model.Digest;
import dev.kelp.model.ErrorKind;
import dev.kelp.model.KelpException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationContext;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.ValueDeserializer;
import tools.jackson.databind.ValueSerializer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;

/// Reads and writes the documents of this package; the mapper is shared by the whole engine.
///
/// Limits: a document of at most [#DOCUMENT_BYTES_MAX], nested at most [#DEPTH_MAX] deep.
public final class OciJson {
    /// What containerd and the distribution specification take as the size of a manifest or configuration, in
    /// bytes.
    public static final int DOCUMENT_BYTES_MAX = 4 << 20;

    public static final int DEPTH_MAX = 64;

    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxNestingDepth(DEPTH_MAX)
                            .maxDocumentLength(64L << 20)
                            .build())
                    .build())
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .disable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
            .addModule(new SimpleModule("kelp")
                    .addKeySerializer(String.class, new KeyWriter())
                    .addSerializer(Digest.class, new DigestWriter())
                    .addDeserializer(Digest.class, new DigestReader()))
            .build();

    private OciJson() {}

    public static JsonMapper mapper() {
        return MAPPER;
    }

    /// Parses `bytes` as a `T`; `what` names the document in the error.
    public static <T> T read(byte[] bytes, Class<T> type, String what) {
        if (bytes.length > DOCUMENT_BYTES_MAX) {
            throw new KelpException(
                    ErrorKind.RESOURCE_EXHAUSTED,
                    what + " has " + bytes.length + " bytes, more than the " + DOCUMENT_BYTES_MAX + " allowed");
        }
        try {
            T value = MAPPER.readValue(bytes, type);
            if (value == null) {
                throw new KelpException(ErrorKind.DATA_LOSS, what + " is empty");
            }
            return value;
        } catch (JacksonException e) {
            throw new KelpException(ErrorKind.DATA_LOSS, what + " does not parse: " + e.getOriginalMessage(), e);
        }
    }

    /// Any document as a tree.
    public static JsonNode tree(byte[] bytes, String what) {
        return read(bytes, JsonNode.class, what);
    }

    /// The document for a value; INVALID_ARGUMENT when it could not be read again.
    public static byte[] write(Object value) {
        try {
            return MAPPER.writeValueAsBytes(value);
        } catch (JacksonException e) {
            for (Throwable t = e.getCause(); t != null; t = t.getCause()) {
                if (t instanceof KelpException k) {
                    throw k;
                }
            }
            throw e;
        }
    }

    /// Refuses keys of maps that a writer would take and no reader: what cannot be read again must not be kept.
    private static final class KeyWriter extends ValueSerializer<String> {
        @Override
        public void serialize(String key, JsonGenerator out, SerializationContext context) {
            if (key.length() > StreamReadConstraints.DEFAULT_MAX_NAME_LEN) {
                throw KelpException.invalid(
                        "a name of " + key.length() + " characters is too long: " + key.substring(0, 20) + "…");
            }
            if (!isWellFormed(key)) {
                throw KelpException.invalid("the name `" + key + "` is not UTF-8");
            }
            out.writeName(key);
        }

        private static boolean isWellFormed(String text) {
            for (int i = 0; i < text.length(); i++) {
                char c = text.charAt(i);
                if (Character.isHighSurrogate(c)
                        && i + 1 < text.length()
                        && Character.isLowSurrogate(text.charAt(i + 1))) {
                    i++;
                } else if (Character.isSurrogate(c)) {
                    return false;
                }
            }
            return true;
        }
    }

    private static final class DigestWriter extends ValueSerializer<Digest> {
        @Override
        public void serialize(Digest value, JsonGenerator out, SerializationContext context) {
            out.writeString(value.toString());
        }
    }

    private static final class DigestReader extends ValueDeserializer<Digest> {
        @Override
        public Digest deserialize(JsonParser in, DeserializationContext context) {
            return Digest.parse(in.getValueAsString(""));
        }
    }
}
