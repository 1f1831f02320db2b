import { afterAll, beforeAll, describe } from "vitest";
import { bindings, createPeer } from "./peer.ts";
import type { Peer } from "./peer.ts";
import { startFuncTarget } from "./func-target.ts";
import { startFunctionsTarget } from "./functions-target.ts";
import { startNodeTarget } from "./node-target.ts";

/** A started gateway that serves fixture-gateway.config.ts with a store of its own. */
export interface ConformanceTarget {
  /** Without a slash at its end. */
  readonly url: string;
  close(): Promise<void>;
}

/** The target of the running test file; its `url` is known once tests run. */
export interface Host {
  readonly url: string;
}

const targets = [
  { name: "the Node host", start: startNodeTarget },
  { name: "the Functions host", start: startFunctionsTarget },
  // Where func is installed (functions-setup.ts says when it is left out).
  ...(process.env["FUNC"] === "1" ? [{ name: "func start", start: startFuncTarget }] : []),
];

/** The same cases over every host. */
export function describeHosts(title: string, cases: (host: Host) => void): void {
  describe.each(targets)(`${title}, $name`, ({ start }) => {
    withTarget(start, cases);
  });
}

function withTarget(start: () => Promise<ConformanceTarget>, cases: (host: Host) => void): void {
  let target: ConformanceTarget | undefined;
  beforeAll(async () => {
    target = await start();
  });
  afterAll(async () => {
    await target?.close();
  });
  cases({
    get url() {
      if (!target) throw new Error("the host is not started yet");
      return target.url;
    },
  });
}

/** The same cases over every host and both bindings; `connect` gives a peer of the named agent. */
export function describeBindings(
  title: string,
  cases: (connect: (agent: string, headers?: Record<string, string>) => Peer, host: Host) => void,
): void {
  describeHosts(title, (host) => {
    describe.each(bindings)("%s", (binding) => {
      cases((agent, headers) => createPeer(binding, host, agent, headers), host);
    });
  });
}
