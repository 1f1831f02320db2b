// oxlint-disable promise/no-callback-in-promise -- node:net takes a callback, node:dns returns a promise.
import { lookup as lookUp } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import { isPublicAddress } from "./public-address.ts";

interface Address {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a host. */
export type Resolve = (host: string) => Promise<readonly Address[]>;

export class RefusedAddress extends Error {
  override readonly name = "RefusedAddress";
}

/** A DNS lookup for connections that returns only public addresses. One private address refuses the whole host. */
export function createCheckedLookup(resolve: Resolve = resolveAll): LookupFunction {
  return (host, options, callback) => {
    resolve(host).then(
      (addresses) => {
        const [first] = addresses;
        if (!first || !addresses.every(({ address }) => isPublicAddress(address))) {
          callback(new RefusedAddress(`${host} is not reachable from everywhere`), "");
        } else if (options.all) {
          callback(null, [...addresses]);
        } else {
          callback(null, first.address, first.family);
        }
      },
      (error: NodeJS.ErrnoException) => callback(error, ""),
    );
  };
}

function resolveAll(host: string): Promise<readonly Address[]> {
  return lookUp(host, { all: true });
}
