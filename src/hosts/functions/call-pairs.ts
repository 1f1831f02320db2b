import type { IncomingMessage, ServerResponse } from "node:http";

/** A request as it reached the worker, and the way to answer it. */
export interface RawCall {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** Brings an invocation and its HTTP request together, which reach the worker on different ways and in any order. */
export interface CallPairs {
  /** A request, which names the invocation that it belongs to. */
  arrived(call: RawCall): void;
  /** The request of an invocation. Rejects when none comes. */
  take(invocationId: string): Promise<RawCall>;
}

interface Waiting<T> {
  readonly value: T;
  /** Was there at the last look already. */
  isOld: boolean;
}

/** What has waited for one to two of these, in ms, waits in vain: its other half was never sent. */
const PATIENCE = 5_000;

/**
 * Half of a pair may never come: the Functions host lets a client choose the id that its request goes by, and then
 * sends the worker an invocation that no request names, and a request that no invocation has. Both are refused here;
 * otherwise they would wait until the host's function timeout, which ends the worker and everybody's calls with it.
 */
export function createCallPairs(
  after: (ms: number, run: () => void) => void = (ms, run) => void setTimeout(run, ms).unref(),
): CallPairs {
  const requests = new Map<string, Waiting<RawCall>>();
  const invocations = new Map<string, Waiting<PromiseWithResolvers<RawCall>>>();
  let isLooking = false;

  return {
    arrived(call) {
      const id = call.incoming.headers["x-ms-invocation-id"];
      const invocation = typeof id === "string" ? invocations.get(id) : undefined;
      if (typeof id !== "string" || requests.has(id)) {
        refuse(call);
      } else if (invocation) {
        invocations.delete(id);
        invocation.value.resolve(call);
      } else {
        requests.set(id, { value: call, isOld: false });
        call.outgoing.once("close", () => {
          if (requests.get(id)?.value === call) {
            requests.delete(id);
          }
        });
        lookLater();
      }
    },
    take(id) {
      const request = requests.get(id);
      if (request) {
        requests.delete(id);
        return Promise.resolve(request.value);
      }
      const waiting = Promise.withResolvers<RawCall>();
      invocations.set(id, { value: waiting, isOld: false });
      lookLater();
      return waiting.promise;
    },
  };

  function lookLater(): void {
    if (!isLooking) {
      isLooking = true;
      after(PATIENCE, look);
    }
  }

  /** Only what two looks have seen goes: after a blocked event loop one may come before the sockets are read. */
  function look(): void {
    dropOld(requests, refuse);
    dropOld(invocations, ({ reject }) => reject(new Error("No HTTP request came for this invocation.")));
    isLooking = false;
    if (requests.size + invocations.size > 0) {
      lookLater();
    }
  }
}

function dropOld<T>(all: Map<string, Waiting<T>>, drop: (value: T) => void): void {
  for (const [id, one] of all) {
    if (one.isOld) {
      all.delete(id);
      drop(one.value);
    }
    one.isOld = true;
  }
}

function refuse({ outgoing }: RawCall): void {
  const message = "The header x-ms-invocation-id belongs to the Functions host. Leave it out.";
  const error = { code: 400, status: "INVALID_ARGUMENT", message, details: [] };
  outgoing.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify({ error }));
}
