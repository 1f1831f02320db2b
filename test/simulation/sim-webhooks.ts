import type { CredentialSealer } from "../../src/push/credentials.ts";
import type { WebhookOutcome, WebhookSender } from "../../src/ports/webhook-sender.ts";
import type { FaultSource } from "./fault-injection.ts";
import type { Prng } from "./prng.ts";
import type { Scheduler, SimProcess } from "./scheduler.ts";

/** What one webhook heard, in order. Times are virtual ms. */
interface Heard {
  readonly generation: number;
  readonly began: number;
}

/** Receivers outside, one a URL, over a network that loses requests and answers. */
export interface Webhooks {
  senderOf(process: SimProcess): WebhookSender;
  heardBy(url: string): readonly Heard[];
  /** When POSTs to it began, also those that got lost. */
  attemptsTo(url: string): readonly number[];
}

/** Real encryption takes real time, which there is none of in a simulated world. */
export const PLAIN_SEALER: CredentialSealer = {
  seal: async (credentials) => JSON.stringify(credentials),
  open: async (sealed) => JSON.parse(sealed),
};

export function createWebhooks(scheduler: Scheduler, prng: Prng, faults: FaultSource): Webhooks {
  const heard = new Map<string, Heard[]>();
  const attempts = new Map<string, number[]>();

  return {
    heardBy: (url) => heard.get(url) ?? [],
    attemptsTo: (url) => attempts.get(url) ?? [],
    senderOf: (process) => ({
      toRefusal: () => undefined,
      async post({ url, headers }): Promise<WebhookOutcome> {
        const began = scheduler.now;
        attempts.set(url, [...(attempts.get(url) ?? []), began]);
        const rate = faults.plan.failBefore * 3;
        await pass(process, prng.chance(faults.plan.slow) ? prng.int(1_000, 9_000) : prng.int(1, 60));
        if (prng.chance(faults.plan.hung)) {
          await pass(process, 10_000);
          return { code: "failed", reason: "no answer" };
        }
        if (prng.chance(rate)) {
          return { code: "failed", reason: "lost" };
        }
        const generation = Number(headers["a2a-event-id"]);
        heard.set(url, [...(heard.get(url) ?? []), { generation, began }]);
        await pass(process, prng.int(1, 60));
        return prng.chance(rate) ? { code: "answered", status: 503 } : { code: "answered", status: 204 };
      },
    }),
  };

  function pass(process: SimProcess, ms: number): Promise<void> {
    return new Promise((resolve) => {
      scheduler.at(scheduler.now + ms, process, resolve);
    });
  }
}
