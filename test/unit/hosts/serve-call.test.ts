import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { expect, test } from "vitest";
import { createCallPairs } from "../../../src/hosts/functions/call-pairs.ts";
import { serveCall } from "../../../src/hosts/functions/serve-call.ts";

test("a call whose socket has closed between its pairing and its start ends", async () => {
  const id = crypto.randomUUID();
  const pairs = createCallPairs(() => {});
  const incoming = new IncomingMessage(new Socket());
  incoming.headers["x-ms-invocation-id"] = id;
  const outgoing = new ServerResponse(incoming);
  const paired = pairs.take(id);
  pairs.arrived({ incoming, outgoing });
  // The invocation gets its call in a later microtask: nothing listens yet.
  const closed = new Promise((resolve) => outgoing.once("close", resolve));
  outgoing.destroy();
  await closed;

  const serving = serveCall(() => ({ status: 200, headers: {}, body: "" }), await paired, Number.POSITIVE_INFINITY);
  await expect(serving).resolves.toEqual({ isStream: false });
});
