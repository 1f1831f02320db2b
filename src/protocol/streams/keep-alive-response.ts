import type { Clock } from "../../ports/clock.ts";
import { createTicker } from "./ticker.ts";
import type { Ticker, Ticking } from "./ticker.ts";

/** Makes responses that begin before their answer is there, so that no load balancer's idle timeout cuts them. */
export interface KeepAliveResponses {
  /**
   * The answer itself when it comes in time. After 45 to 60 s the response begins with white space, which JSON allows
   * before a value; an answer that is an error then can only cut the connection. `answer` never rejects.
   */
  wait(answer: Promise<Response>, contentType: string): Promise<Response>;
}

/** In ms. The earliest idle timeouts are 60 s (Azure's are 230 s). */
const PATIENCE = 45_000;
const INTERVAL = 15_000;

export function createKeepAliveResponses(clock: Clock): KeepAliveResponses {
  const ticker = createTicker(clock, INTERVAL);

  return {
    wait(answer, contentType) {
      return new Promise((resolve) => {
        const begun = clock.monotonic();
        const waiting = {
          tick(now: number) {
            if (now - begun >= PATIENCE) {
              ticker.remove(waiting);
              resolve(new Response(trickle(ticker, answer), { headers: { "content-type": contentType } }));
            }
          },
        };
        ticker.add(waiting);
        void answer.then((response) => {
          ticker.remove(waiting);
          resolve(response);
        });
      });
    },
  };
}

const encoder = new TextEncoder();
const SPACE = encoder.encode(" ");

function trickle(ticker: Ticker, answer: Promise<Response>): ReadableStream<Uint8Array> {
  let drop: Ticking | undefined;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const beat = { tick: () => controller.enqueue(SPACE) };
      drop = beat;
      beat.tick();
      ticker.add(beat);
      finish(controller, beat).catch((error: unknown) => controller.error(error));
    },
    cancel() {
      if (drop) {
        ticker.remove(drop);
      }
    },
  });

  async function finish(controller: ReadableStreamDefaultController<Uint8Array>, beat: Ticking): Promise<void> {
    const response = await answer;
    ticker.remove(beat);
    const text = await response.text();
    if (!response.ok) {
      throw new Error(`the answer failed after its response had begun: ${text}`);
    }
    controller.enqueue(encoder.encode(text));
    controller.close();
  }
}
