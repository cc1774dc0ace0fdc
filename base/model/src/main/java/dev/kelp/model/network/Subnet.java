// SPDX-License-Identifier: Apache-2.0
package dev.kelp.model.network;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import dev.kelp.model.KelpException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// A range of addresses in CIDR notation (RFC 4632, RFC 4291): the bits after the prefix are zero.
public record Subnet(InetAddress base, int prefixBits) {
    /// Characters an address can be written with: anything else would be looked up as a host's name.
    private static final Pattern NUMERIC =
            Pattern.compile("[0-9]{1,3}(?:\\.[0-9]{1,3}){3}|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*");

    private static final int ADDRESS_CHARS_MAX = 45;

    public Subnet {
        if (prefixBits < 0 || prefixBits > bits(base)) {
            throw KelpException.invalid("a prefix of " + prefixBits + " bits for " + base.getHostAddress());
        }
        base = address(number(base).andNot(hostMask(base, prefixBits)), base.getAddress().length);
    }

    /// Reads `ADDRESS/BITS`; host bits that are set are cleared.
    ///
    /// @throws KelpException INVALID_ARGUMENT
    @JsonCreator
    public static Subnet parse(String text) {
        int slash = text.indexOf('/');
        String bits = text.substring(slash + 1);
        if (slash < 0 || !bits.matches("\\d{1,3}")) {
            throw KelpException.invalid("`" + text + "` is not a subnet").withHint("write it as 10.4.1.0/24");
        }
        try {
            return new Subnet(parseAddress(text.substring(0, slash)), Integer.parseInt(bits));
        } catch (KelpException e) {
            throw e.within("subnet `" + text + "`");
        }
    }

    /// Reads a numeric address; never asks a name server.
    ///
    /// @throws KelpException INVALID_ARGUMENT
    public static InetAddress parseAddress(String text) {
        if (text.length() <= ADDRESS_CHARS_MAX && NUMERIC.matcher(text).matches()) {
            try {
                return InetAddress.getByName(text);
            } catch (UnknownHostException e) {
                // said below
            }
        }
        throw KelpException.invalid("`" + text + "` is not an IP address");
    }

    public boolean isIpv6() {
        return base.getAddress().length > 4;
    }

    public boolean contains(InetAddress address) {
        return address.getAddress().length == base.getAddress().length
                && number(address).andNot(hostMask(base, prefixBits)).equals(number(base));
    }

    public boolean contains(Subnet other) {
        return other.prefixBits >= prefixBits && contains(other.base);
    }

    public boolean overlaps(Subnet other) {
        return contains(other) || other.contains(this);
    }

    /// How many addresses it has, the network's own and the broadcast address included.
    public BigInteger size() {
        return BigInteger.TWO.pow(bits(base) - prefixBits);
    }

    /// The address at `offset` from the base.
    public InetAddress address(BigInteger offset) {
        if (offset.signum() < 0 || offset.compareTo(size()) >= 0) {
            throw new IllegalArgumentException(offset + " is outside " + this);
        }
        return address(number(base).add(offset), base.getAddress().length);
    }

    public InetAddress address(long offset) {
        return address(BigInteger.valueOf(offset));
    }

    /// How far from the base an address of this subnet is.
    public BigInteger offset(InetAddress address) {
        return number(address).subtract(number(base));
    }

    private static int bits(InetAddress address) {
        return 8 * address.getAddress().length;
    }

    private static BigInteger number(InetAddress address) {
        return new BigInteger(1, address.getAddress());
    }

    private static BigInteger hostMask(InetAddress base, int prefixBits) {
        return BigInteger.TWO.pow(bits(base) - prefixBits).subtract(BigInteger.ONE);
    }

    private static InetAddress address(BigInteger number, int length) {
        byte[] digits = number.toByteArray();
        byte[] bytes = new byte[length];
        int used = Math.min(digits.length, length);
        System.arraycopy(digits, digits.length - used, bytes, length - used, used);
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(Arrays.toString(bytes), e);
        }
    }

    /// An address as others write it: of IPv6 the short form (RFC 5952), with `::` for the first longest run of
    /// zeros.
    public static String text(InetAddress address) {
        byte[] digits = address.getAddress();
        if (digits.length == 4) {
            return address.getHostAddress();
        }
        int[] groups = new int[digits.length / 2];
        for (int i = 0; i < groups.length; i++) {
            groups[i] = Byte.toUnsignedInt(digits[2 * i]) << 8 | Byte.toUnsignedInt(digits[2 * i + 1]);
        }
        int start = 0;
        int zeros = 1;
        for (int i = 0; i < groups.length; i++) {
            int end = i;
            while (end < groups.length && groups[end] == 0) {
                end++;
            }
            if (end - i > zeros) {
                start = i;
                zeros = end - i;
            }
        }
        if (zeros == 1) {
            return joined(groups, 0, groups.length);
        }
        return joined(groups, 0, start) + "::" + joined(groups, start + zeros, groups.length);
    }

    private static String joined(int[] groups, int from, int to) {
        return Arrays.stream(groups, from, to).mapToObj(Integer::toHexString).collect(Collectors.joining(":"));
    }

    @JsonValue
    @Override
    public String toString() {
        return text(base) + "/" + prefixBits;
    }
}
