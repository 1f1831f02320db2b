import ipaddr from "ipaddr.js";

/**
 * Whether an address is somebody's on the public internet: not private, loopback, link-local, shared (CGNAT),
 * multicast or reserved, nor the address of a cloud's metadata. An IPv6 address that stands for an IPv4 one counts as
 * that one. False for what is no address.
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

/** Every Azure host answers its machines here, outside of the private ranges. */
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

/** 2000::/3; what is outside of it is not handed out, or means something else, as IPv4-compatible addresses do. */
function isGlobal({ parts: [first = 0] }: ipaddr.IPv6): boolean {
  return first >> 13 === 1;
}
