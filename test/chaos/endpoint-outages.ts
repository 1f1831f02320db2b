import { setTimeout as wait } from "node:timers/promises";
import type { Prng } from "../simulation/prng.ts";
import type { Fault, FaultProxy } from "../support/fault-proxy.ts";

/** A time in which one endpoint did not work, in ms since the epoch. */
export interface EndpointOutage {
  readonly endpoint: string;
  readonly kind: "refused" | "silent" | "throttled" | "hung listings";
  readonly from: number;
  until: number;
}

interface Endpoint {
  readonly name: "table" | "blob" | "queue";
  readonly proxy: FaultProxy;
}

/**
 * One endpoint after the other stops working, each in another way, until `isOver`.
 */
export async function interruptEndpoints(
  endpoints: readonly Endpoint[],
  usual: () => Fault | undefined,
  prng: Prng,
  /** The shortest and the longest, in ms. */
  [shortest, longest]: readonly [number, number],
  isOver: () => boolean,
  progress: (line: string) => void,
): Promise<readonly EndpointOutage[]> {
  const outages: EndpointOutage[] = [];
  const plan: readonly (readonly [Endpoint["name"], EndpointOutage["kind"]])[] = [
    ["queue", "refused"],
    ["blob", "silent"],
    ["blob", "hung listings"],
    ["table", "refused"],
    ["queue", "silent"],
    ["table", "silent"],
    ["blob", "refused"],
    ["table", "throttled"],
    ["blob", "throttled"],
  ];
  const first = prng.int(0, 2);
  for (let at = 0; !isOver(); at += 1) {
    const [name, kind] = plan[(first + at) % plan.length] ?? ["queue", "refused"];
    const proxy = endpoints.find((endpoint) => endpoint.name === name)?.proxy;
    if (!proxy) {
      throw new Error(`no endpoint ${name}`);
    }
    const outage: EndpointOutage = { endpoint: name, kind, from: Date.now(), until: Infinity };
    outages.push(outage);
    const ms = prng.int(shortest, longest);
    progress(`${name} ${kind} for ${ms} ms`);
    begin(proxy, kind);
    const end = Date.now() + ms;
    while (Date.now() < end && !isOver()) {
      await wait(100);
    }
    proxy.misbehave(usual);
    await proxy.accept();
    outage.until = Date.now();
    await wait(prng.int(500, 2_500));
  }
  return outages;

  function begin(proxy: FaultProxy, kind: EndpointOutage["kind"]): void {
    switch (kind) {
      case "refused":
        proxy.refuse();
        break;
      case "silent":
        proxy.misbehave(() => "black-hole");
        break;
      case "throttled":
        proxy.misbehave(() => (prng.chance(0.8) ? { status: 503, retryAfter: 1 } : undefined));
        break;
      case "hung listings":
        proxy.misbehave((request) => (request.includes("comp=list") ? "hang" : usual()));
    }
  }
}
