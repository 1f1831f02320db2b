import type { IncomingMessage, ServerResponse } from "node:http";
import { discardBody } from "../node/discard-body.ts";
import { answerIncoming } from "../node/http-exchange.ts";
import { statusAnswer } from "./status-answer.ts";

/** An HTTP call as the worker's server has it. */
export interface RawCall {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** Pairs each HTTP request with its invocation: the Functions host sends them separately, in either order. */
export interface CallPairs {
  arrived(call: RawCall): void;
  /** The request of an invocation. Rejects when it does not arrive. */
  take(invocationId: string): Promise<RawCall>;
}

interface Waiting<T> {
  readonly value: T;
  /** Looks that have found it waiting. */
  looks: number;
}

/** Ms between two looks at what waits. */
const EVERY = 250;
/** Looks after which a request and an invocation that both wait are of one call, whose client chose its id. */
const MISMATCHED = 2;
/** Looks after which a request or an invocation is given up although the other side misses nothing. */
const LOST = 20;
/** The Functions host's ids. */
const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

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
  /** Requests that were refused when they arrived: each leaves an invocation without a request. */
  let refused = 0;
  let isLooking = false;

  return {
    arrived(call) {
      const id = call.incoming.headers["x-ms-invocation-id"];
      const invocation = typeof id === "string" ? invocations.get(id) : undefined;
      if (typeof id !== "string" || !GUID.test(id) || requests.has(id)) {
        refused += 1;
        void refuse(call);
        lookLater();
      } else if (invocation) {
        invocations.delete(id);
        invocation.value.resolve(call);
      } else {
        requests.set(id, { value: call, looks: 0 });
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
      const waiting = toWaiting<RawCall>();
      invocations.set(id, { value: waiting, looks: 0 });
      lookLater();
      return waiting.promise;
    },
  };

  function lookLater(): void {
    if (!isLooking) {
      isLooking = true;
      after(EVERY, look);
    }
  }

  /** More than one look decides: after a blocked event loop the first one may run before the sockets are read. */
  function look(): void {
    const missed = countLate(invocations);
    const withoutCall = countLate(requests);
    giveUp(requests, Math.max(0, missed - refused), (call) => void refuse(call));
    const rejected = giveUp(invocations, refused + withoutCall, ({ reject }) =>
      reject(new Error("No HTTP request arrived for this invocation.")),
    );
    refused = invocations.size + requests.size === 0 ? 0 : Math.max(0, refused - rejected);
    isLooking = false;
    if (requests.size + invocations.size > 0) {
      lookLater();
    }
  }
}

/** Adds one look to each, and returns how many have waited for `MISMATCHED` of them. */
function countLate(all: ReadonlyMap<string, Waiting<unknown>>): number {
  let late = 0;
  for (const one of all.values()) {
    one.looks += 1;
    late += one.looks >= MISMATCHED ? 1 : 0;
  }
  return late;
}

/** Drops the lost ones, and of the late ones as many, oldest first, as the other side has without a counterpart. */
function giveUp<T>(all: Map<string, Waiting<T>>, mismatched: number, drop: (value: T) => void): number {
  let dropped = 0;
  for (const [id, { value, looks }] of all) {
    if (looks >= LOST || (looks >= MISMATCHED && dropped < mismatched)) {
      all.delete(id);
      dropped += 1;
      drop(value);
    }
  }
  return dropped;
}

const REFUSAL = statusAnswer(
  400,
  "The header x-ms-invocation-id is reserved for the Functions host. Remove it from the request.",
);

async function refuse({ incoming, outgoing }: RawCall): Promise<void> {
  await discardBody(incoming);
  await answerIncoming(() => REFUSAL, incoming, outgoing);
}

/** Promise.withResolvers, which the Node.js that is too old for this app does not have. */
function toWaiting<T>(): PromiseWithResolvers<T> {
  let resolve!: PromiseWithResolvers<T>["resolve"];
  let reject!: PromiseWithResolvers<T>["reject"];
  const promise = new Promise<T>((fulfil, fail) => {
    resolve = fulfil;
    reject = fail;
  });
  return { promise, resolve, reject };
}
