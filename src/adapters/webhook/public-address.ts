import ipaddr from "ipaddr.js";

/**
 * Whether an address is public: not private, loopback, link-local, shared (CGNAT), multicast or reserved, and not a cloud's
 * metadata service. An IPv6 address that contains an IPv4 address is treated as that address. False if `text` is not an
 * address.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) {
    return false;
  }
  const parsed = ipaddr.parse(address);
  const inner = parsed instanceof ipaddr.IPv6 ? embedded(parsed) : parsed;
  if (inner) {
    return inner.range() === "unicast" && inner.toString() !== AZURE_HOST;
  }
  return parsed instanceof ipaddr.IPv6 && parsed.range() === "unicast" && isGlobal(parsed);
}

/** Azure's host service, which is outside the private ranges. */
const AZURE_HOST = "168.63.129.16";

/** IPv4-mapped, NAT64's well-known prefix (RFC 6052) and 6to4 (RFC 3056). */
function embedded(address: ipaddr.IPv6): ipaddr.IPv4 | undefined {
  const bytes = address.toByteArray();
  const [, , local] = address.parts;
  switch (address.range()) {
    case "ipv4Mapped":
      return address.toIPv4Address();
    case "rfc6052":
      return local === 0 ? new ipaddr.IPv4(bytes.slice(12)) : undefined;
    case "6to4":
      return new ipaddr.IPv4(bytes.slice(2, 6));
    default:
      return undefined;
  }
}

/** 2000::/3; other addresses are not assigned or have another meaning, such as IPv4-compatible addresses. */
function isGlobal({ parts: [first = 0] }: ipaddr.IPv6): boolean {
  return first >> 13 === 1;
}
