import type { IncomingMessage, ServerResponse } from "node:http";

/** A request as it reached the worker, and the way to answer it. */
export interface RawCall {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** Matches an invocation with its HTTP request. They reach the worker by different ways, in any order. */
export interface CallPairs {
  /** Called with each request, whose header has the id of its invocation. */
  arrived(call: RawCall): void;
  /** The request of an invocation. Rejects when it does not arrive. */
  take(invocationId: string): Promise<RawCall>;
}

interface Waiting<T> {
  readonly value: T;
  /** Was already waiting at the last check. */
  isOld: boolean;
}

/** In ms. After one to two of these without its counterpart, a request or invocation is refused. */
const PATIENCE = 5_000;

/**
 * A counterpart may never arrive: the Functions host lets a client choose its request's invocation id, and then sends the
 * worker an invocation and a request with different ids. Both are refused here. Otherwise they would wait until the
 * function timeout, which ends the worker and all calls on it.
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

  /** Refuses only what two checks have seen: after a blocked event loop the first one may run before the sockets are read. */
  function look(): void {
    dropOld(requests, refuse);
    dropOld(invocations, ({ reject }) => reject(new Error("No HTTP request arrived for this invocation.")));
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
  const message = "The header x-ms-invocation-id is reserved for the Functions host. Remove it from the request.";
  const error = { code: 400, status: "INVALID_ARGUMENT", message, details: [] };
  outgoing.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify({ error }));
}
