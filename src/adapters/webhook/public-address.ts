import ipaddr from "ipaddr.js";

/**
 * Whether an address is one of the open internet: not private, loopback, link-local (where clouds keep their metadata),
 * carrier-grade NAT, multicast, reserved, nor an IPv6 address that carries such an IPv4 one.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) {
    return false;
  }
  const address = ipaddr.process(text);
  if (address.range() === "unicast") {
    return !isAzurePlatform(address.toString());
  }
  // NAT64 and 6to4 lead to the IPv4 address inside.
  if (address.kind() === "ipv6" && (address.range() === "rfc6052" || address.range() === "6to4")) {
    const bytes = address.toByteArray();
    const inner = address.range() === "6to4" ? bytes.slice(2, 6) : bytes.slice(12, 16);
    return isPublicAddress(inner.join("."));
  }
  return false;
}

/** Azure's own services answer every virtual machine at this public address. */
function isAzurePlatform(address: string): boolean {
  return address === "168.63.129.16";
}
